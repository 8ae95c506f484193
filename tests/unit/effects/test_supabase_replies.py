"""What comes back from Supabase, and what must never be asked of it."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from functions.effects.files_supabase import SupabaseFiles
from functions.effects.jobs_supabase import SupabaseBeats
from functions.effects.supabase import Supabase
from schema.errors import PermanentError, TransientError
from schema.settings import Settings
from tests import serving
from tests.unit.work.doubles import claim


def settings(url: str) -> Settings:
    return Settings.from_env(
        {"SUPABASE_URL": url, "SUPABASE_SECRET_KEY": "sb_secret_a", "CHROMA_URL": url, "TOGETHER_BASE_URL": url}
    )


@pytest.mark.anyio
async def test_a_page_in_place_of_json_passes() -> None:
    page = Route("/{path:path}", lambda _: PlainTextResponse("<h1>Maintenance</h1>"), methods=["POST"])
    with serving.application(lambda _: Starlette(routes=[page])) as url:
        supabase = Supabase(settings(url))
        with pytest.raises(TransientError):
            await supabase.call_once("sweep_jobs_v1")
        await supabase.close()
        beats = SupabaseBeats(settings(url))
        with pytest.raises(TransientError):
            beats.beat([claim(1)])
        beats.close()


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["mine/../theirs/a.pdf", "mine/./a.pdf", ".."])
async def test_no_name_leads_to_a_file_of_others(name: str, tmp_path: Path) -> None:
    supabase = Supabase(settings("http://127.0.0.1:1"))
    with pytest.raises(PermanentError) as refused:
        await SupabaseFiles(supabase).download("documents", name, tmp_path / "file", 10)
    assert refused.value.code == "bad_name"
    await supabase.close()
