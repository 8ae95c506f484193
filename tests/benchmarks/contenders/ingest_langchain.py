"""LangChain's indexing API on a file of texts: MODEL_URL MODEL CHROMA_HOST CHROMA_PORT COLLECTION TEXTS_JSON.

As its documentation puts it together: splitter, embedding model, vector store, and a record manager (SQLite on disk)
that knows what has changed. Run by an environment of its own; prints {"seconds": …, "passages": …}.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import chromadb
from langchain_chroma import Chroma  # type: ignore[import-not-found]
from langchain_classic.indexes import SQLRecordManager  # type: ignore[import-not-found]
from langchain_core.documents import Document  # type: ignore[import-not-found]
from langchain_core.indexing import index  # type: ignore[import-not-found]
from langchain_openai import OpenAIEmbeddings  # type: ignore[import-not-found]
from langchain_text_splitters import RecursiveCharacterTextSplitter  # type: ignore[import-not-found]

CHARACTERS = 1000  # about 210 tokens


def main(url: str, model: str, host: str, port: str, name: str, texts: str) -> None:
    """Ingest."""
    embeddings = OpenAIEmbeddings(
        model=model,
        base_url=f"{url}/v1",
        api_key="any",
        check_embedding_ctx_length=False,
        model_kwargs={"encoding_format": "float"},
    )
    store = Chroma(name, embeddings, client=chromadb.HttpClient(host=host, port=int(port)))
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHARACTERS, chunk_overlap=0)
    given = json.loads(Path(texts).read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        records = SQLRecordManager(name, db_url=f"sqlite:///{folder}/records.sql")
        records.create_schema()
        began = time.perf_counter()
        documents = [Document(text, metadata={"source": str(n)}) for n, text in enumerate(given)]
        done = index(
            splitter.split_documents(documents), records, store, cleanup="incremental", source_id_key="source",
            key_encoder="sha256",
        )  # fmt: skip
        seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"seconds": seconds, "passages": done["num_added"]}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
