"use client";

import { notifications } from "@mantine/notifications";
import { useSearchParams } from "next/navigation";
import { useEffect, useEffectEvent, useState } from "react";
import { text } from "@/text/en";
import type { Document } from "./document";
import type { Order } from "./document-list";
import { DocumentListView } from "./document-list-view";
import { Preview, SearchResults } from "./late";
import type { Library } from "./library";
import { ListToolbar } from "./list-toolbar";
import type { Hit } from "./search-results";
import { readDocument } from "./use-document";
import { wordsOf } from "./words";

interface Opened {
  document: Document;
  page: number | null;
  marked: string[];
}

/** The documents of a library, or what was found inside them, and the text of one beside it. */
export function LibraryContent({ library }: { library: Library }) {
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState<Order>("newest");
  const [searched, setSearched] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened | null>(null);

  const search = () => setSearched(query.trim() || null);
  const type = (typed: string) => {
    setQuery(typed);
    setSearched(null);
  };
  const openById = async (id: string, page: number | null, marked: string[]) => {
    const document = await readDocument(id);
    if (document) setOpened({ document, page, marked });
    else notifications.show({ color: "red", message: document === null ? text.documents.gone : text.errors.network });
  };
  const open = (hit: Hit) => void openById(hit.document_id, hit.page, wordsOf(searched ?? ""));
  useLinkedDocument((id, page) => void openById(id, page, []));

  return (
    <>
      <ListToolbar library={library.id} query={query} onQuery={type} order={order} onOrder={setOrder} onSearch={search} />
      {searched === null ? (
        <DocumentListView
          library={library}
          name={query}
          order={order}
          onOpen={(document) => setOpened({ document, page: null, marked: [] })}
          onSearch={search}
        />
      ) : (
        <SearchResults library={library.id} query={searched} onBack={() => type("")} onOpen={open} />
      )}
      {opened && <Preview {...opened} onClose={() => setOpened(null)} />}
    </>
  );
}

/** The document, and its page, that the address leads to. */
function useLinkedDocument(open: (id: string, page: number | null) => void): void {
  const query = useSearchParams();
  const id = query.get("document");
  const page = Number(query.get("page")) || null;
  const show = useEffectEvent(open);
  useEffect(() => {
    if (id) show(id, page);
  }, [id, page]);
}
