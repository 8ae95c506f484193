"use client";

import { Button, Loader } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useState } from "react";
import { text } from "@/text/en";
import classes from "./conversation-list.module.css";
import { useConversations } from "./effects/conversations";
import { byAge } from "./model/days";
import type { Conversation } from "./model/rows";
import { ConversationRow } from "./parts/conversation-row";
import { SearchBox } from "./parts/search-box";

const words = text.chat.list;
const PAGE = 40;
const TYPING_MS = 200;

/** The person's conversations, to be found again, named and deleted. */
export function ConversationList({ onNavigate }: { onNavigate: () => void }) {
  const path = usePathname();
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(PAGE);
  const [wanted] = useDebouncedValue(search.trim(), TYPING_MS);
  const { data, isError, refetch } = useConversations(wanted, most);
  return (
    <div className={classes.list}>
      <Button component={Link} href="/chat" variant="default" fullWidth leftSection={<IconPlus size={17} />} justify="flex-start" onClick={onNavigate}>
        {text.chat.newChat}
      </Button>
      <SearchBox value={search} onChange={setSearch} />
      {isError && (
        <div className={classes.note} role="alert">
          {words.failed}{" "}
          <button type="button" onClick={() => void refetch()}>
            {words.retry}
          </button>
        </div>
      )}
      {data === undefined ? (
        !isError && <Loader size="xs" m="sm" role="status" aria-label={words.loading} />
      ) : (
        <Groups conversations={data.conversations} path={path} search={wanted} onNavigate={onNavigate} />
      )}
      {data?.hasMore && (
        <Button variant="subtle" color="gray" size="xs" onClick={() => setMost(most + PAGE)}>
          {words.more}
        </Button>
      )}
    </div>
  );
}

interface GroupsProps {
  readonly conversations: readonly Conversation[];
  readonly path: string;
  readonly search: string;
  readonly onNavigate: () => void;
}

function Groups({ conversations, path, search, onNavigate }: GroupsProps) {
  if (conversations.length === 0) return <p className={classes.note}>{search === "" ? words.none : words.noneFound(search)}</p>;
  return byAge(conversations, new Date()).map(([age, items]) => (
    <section key={age} aria-label={words.ages[age]}>
      <h2 className={classes.age}>{words.ages[age]}</h2>
      <ul className={classes.items}>
        {items.map((each) => (
          <ConversationRow key={each.id} conversation={each} isHere={path === `/chat/${each.id}`} onNavigate={onNavigate} />
        ))}
      </ul>
    </section>
  ));
}
