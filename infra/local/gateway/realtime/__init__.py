"""Supabase Realtime: websockets and HTTP for broadcast, presence and row changes.

Serve it with uvicorn's option ``ws=WebSocketTransport``; without it sockets cannot be served.
"""

from infra.local.gateway.realtime.service import Realtime
from infra.local.gateway.realtime.transport import WebSocketTransport

__all__ = ["Realtime", "WebSocketTransport"]
