"""The errors that decide what becomes of a job, and those that stop a program at its start.

A handler raises one of the `JobError`s; dispatch turns it into the job's outcome. Foreign exceptions are translated
into these where they enter (`functions.effects`), with their cause kept.
"""


class RivuletError(Exception):
    """Base of all errors raised on purpose; its text is fit to be shown."""


class ConfigurationError(RivuletError):
    """A setting is missing or malformed; the text names it and the way to get it."""


class JobError(RivuletError):
    """A job could not be finished; `code` is stable and short, the text is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PermanentError(JobError):
    """Trying again cannot help: the document or answer is marked failed, with this message."""


class TransientError(JobError):
    """Something outside failed for the moment: the job is tried again later, with backoff."""


class RateLimitedError(JobError):
    """A provider asked for patience: tried again after `retry_after_seconds`, and no attempt is spent."""

    def __init__(self, code: str, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(code, message)
        self.retry_after_seconds = retry_after_seconds


class StaleClaimError(RivuletError):
    """The claim is no longer ours: another worker may run the job, so nothing more may be written."""


class SupersededError(RivuletError):
    """The job had nothing left to do (its subject was deleted, replaced or stopped) and has been ended."""


class StoppedError(RivuletError):
    """The person stopped the answer."""


class InvalidTokenError(RivuletError):
    """A person's token was refused; the text says why."""


class NotAllowedError(RivuletError):
    """The database does not let this person do this; the text says what."""
