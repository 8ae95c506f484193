#!/bin/sh
# Makes a virtual environment with the locked packages: sh infra/setup.sh .venv
# Says what is missing on this machine and how to get it, and shows how far it is.
set -eu

venv=$1
log=$venv/install.log
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore PYTHONWARNINGS=ignore

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# The command that installs a package here, for messages: Debian's name, Fedora's name, Homebrew's name.
install_command() {
    if command -v apt-get >/dev/null 2>&1; then echo "sudo apt-get install $1"
    elif command -v dnf >/dev/null 2>&1; then echo "sudo dnf install $2"
    elif command -v brew >/dev/null 2>&1; then echo "brew install $3"
    else echo "see https://www.python.org/downloads/"
    fi
}

runs() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if runs "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

make_environment() {
    python=$(find_python)
    [ -n "$python" ] || fail \
        "Rivulet needs Python 3.11, 3.12 or 3.13, and none was found on the PATH." \
        "Install one: $(install_command 'python3 python3-venv' python3.12 python@3.12)" \
        "or name one: make setup PYTHON=/path/to/python3.12"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || fail \
        "Python $version lacks the module that makes virtual environments." \
        "Install it: $(install_command "python$version-venv" python3-libs "python@$version")"
    echo "Making $venv with Python $version ..."
    "$python" -m venv --clear "$venv"
}

# Turns pip's many lines into one that counts; on a terminal it is rewritten in place.
count_packages() {
    total=$(grep -c '^[A-Za-z0-9].*==' requirements.txt)
    if [ -t 1 ]; then terminal=1; else terminal=0; fi
    tee "$log" | awk -v total="$total" -v terminal="$terminal" '
        /^(Collecting|Requirement already satisfied)/ {
            count++
            if (terminal) printf "\r\033[K  %d of %d packages", count, total
            else if (count % 25 == 0) printf "  %d of %d packages\n", count, total
            fflush()
        }
        /^Installing collected packages/ && !unpacking++ {
            if (terminal) printf "\r\033[K"
            print "  unpacking ..."
            fflush()
        }'
}

install_packages() {
    echo "Installing the locked packages; the first time this fetches some 300 MB ..."
    failed=$venv/install.failed
    : >"$failed"
    { "$venv/bin/python" -m pip install --progress-bar off --no-deps --require-hashes -r requirements.txt 2>&1 &&
        "$venv/bin/python" -m pip install --no-deps --no-build-isolation --editable . 2>&1 &&
        rm "$failed"; } | count_packages
    [ ! -e "$failed" ] || fail "" "$(tail -n 15 "$log")" "" \
        "The packages could not be installed; all of pip's output is in $log." \
        "Try again with: make setup"
}

# Programs name the folder they were installed in; in a copied or moved one they do not run.
works() {
    runs "$venv/bin/python" && "$venv/bin/pip" --version >/dev/null 2>&1
}

works || make_environment
install_packages
echo "Installed into $venv."
