"""The local stack's model server: Together's HTTP surface on loopback, so that the `together` SDK runs unchanged.

Embeddings and reranking come from a real network (all-MiniLM-L6-v2, int8, CPU). Chat comes from an extractive answerer,
which quotes the passages it is given and says so, or from a GGUF file of the operator's choice.
"""

import os

# Unless told before it is loaded, onnxruntime tells its maker where it runs.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
