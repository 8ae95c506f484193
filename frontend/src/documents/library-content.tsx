"use client";

import dynamic from "next/dynamic";
import { useState } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { type Document, DOCUMENT_COLUMNS } from "./document";
import type { Order } from "./document-list";
import { DocumentListView } from "./document-list-view";
import type { Library } from "./libraries";
import { ListToolbar } from "./list-toolbar";
import { type Hit, SearchResults } from "./search-results";
import { wordsOf } from "./words";

const Preview = dynamic(() => import("./preview").then((module) => module.Preview));

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
  const openHit = async (hit: Hit) => {
    const { data } = await browserClient().from("documents").select(DOCUMENT_COLUMNS).eq("id", hit.document_id).maybeSingle();
    if (data) setOpened({ document: data, page: hit.page, marked: wordsOf(searched ?? "") });
  };

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
        <SearchResults library={library.id} query={searched} onBack={() => type("")} onOpen={(hit) => void openHit(hit)} />
      )}
      {opened && <Preview {...opened} onClose={() => setOpened(null)} />}
    </>
  );
}
