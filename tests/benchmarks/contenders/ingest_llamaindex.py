"""LlamaIndex's IngestionPipeline on a file of texts: MODEL_URL MODEL CHROMA_HOST CHROMA_PORT COLLECTION TEXTS_JSON.

As its documentation puts it together: splitter, embedding model, vector store, and a document store that knows what has
changed. Run by an environment of its own; prints {"seconds": …, "passages": …}.
"""

import json
import sys
import time
from pathlib import Path

import chromadb
from llama_index.core import Document  # type: ignore[import-not-found]
from llama_index.core.ingestion import IngestionPipeline  # type: ignore[import-not-found]
from llama_index.core.node_parser import SentenceSplitter  # type: ignore[import-not-found]
from llama_index.core.storage.docstore import SimpleDocumentStore  # type: ignore[import-not-found]
from llama_index.embeddings.openai_like import OpenAILikeEmbedding  # type: ignore[import-not-found]
from llama_index.vector_stores.chroma import ChromaVectorStore  # type: ignore[import-not-found]

TOKENS = 210


def main(url: str, model: str, host: str, port: str, name: str, texts: str) -> None:
    """Ingest."""
    client = chromadb.HttpClient(host=host, port=int(port))
    collection = client.get_or_create_collection(name, embedding_function=None)
    pipeline = IngestionPipeline(
        transformations=[
            SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0),
            OpenAILikeEmbedding(
                model_name=model,
                api_base=f"{url}/v1",
                api_key="any",
                additional_kwargs={"encoding_format": "float"},
            ),
        ],
        vector_store=ChromaVectorStore(chroma_collection=collection),
        docstore=SimpleDocumentStore(),
    )
    documents = [Document(text=text, id_=str(n)) for n, text in enumerate(json.loads(Path(texts).read_text("utf-8")))]
    began = time.perf_counter()
    pipeline.run(documents=documents)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - began, "passages": collection.count()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
