"""Who listens to which topic on this server, and delivery to them."""

from collections.abc import Iterator
from typing import Protocol

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.presence import Diff, Presence

TOPIC_PREFIX = "realtime:"


class Member(Protocol):
    """A channel as its room sees it."""

    hears_broadcasts: bool
    hears_presence: bool

    def deliver(self, message: Message, message_id: str | None = None) -> None:
        """Queue a message for the channel's socket; ``message_id`` is that of a stored broadcast."""


class Room:
    """One topic's members; public and private channels of equal name are separate rooms."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.members: dict[Member, None] = {}
        self.presence = Presence()

    def broadcast(self, message: Message, sender: Member | None = None, message_id: str | None = None) -> None:
        """Deliver to every member that may hear broadcasts, except ``sender``."""
        for member in self.members:
            if member.hears_broadcasts and member is not sender:
                member.deliver(message, message_id)

    def announce(self, diff: Diff | None) -> None:
        """Tell every member that may hear of presence what changed."""
        if diff is None:
            return
        message = Message(self.topic, "presence_diff", jsontext.dumps(diff))
        for member in self.members:
            if member.hears_presence:
                member.deliver(message)


class Rooms:
    """All rooms with members, found by privacy and subtopic (the topic without ``realtime:``)."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[bool, str], Room] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter(self._rooms.values())

    def get(self, private: bool, subtopic: str) -> Room | None:
        """Return the room, None if nobody is in it."""
        return self._rooms.get((private, subtopic))

    def enter(self, private: bool, subtopic: str, member: Member) -> Room:
        """Add a member; its room begins to exist if need be."""
        room = self._rooms.setdefault((private, subtopic), Room(TOPIC_PREFIX + subtopic))
        room.members[member] = None
        return room

    def leave(self, private: bool, subtopic: str, member: Member) -> None:
        """Remove a member and what it tracked; the others are told."""
        room = self._rooms.get((private, subtopic))
        if room is None or member not in room.members:
            return
        del room.members[member]
        if room.members:
            room.announce(room.presence.untrack(member))
        else:
            del self._rooms[private, subtopic]
