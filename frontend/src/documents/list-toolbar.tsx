"use client";

import { ActionIcon, Input } from "@mantine/core";
import { IconArrowsSort, IconSearch, IconX } from "@tabler/icons-react";
import { isComposing } from "@/lib/composing";
import { LateMenu } from "@/shell/late-menu";
import { text } from "@/text/en";
import type { Order } from "./document-list";
import { Quota } from "./quota";
import classes from "./list-toolbar.module.css";

const ORDERS = Object.keys(text.documents.sorts) as Order[];

interface Props {
  library: string;
  query: string;
  onQuery: (query: string) => void;
  order: Order;
  onOrder: (order: Order) => void;
  /** Enter: search inside the documents. */
  onSearch: () => void;
}

export function ListToolbar({ library, query, onQuery, order, onOrder, onSearch }: Props) {
  return (
    <div className={classes.toolbar} role="search">
      <Input
        className={classes.search}
        aria-label={text.documents.filter}
        placeholder={text.documents.filter}
        leftSection={<IconSearch size={17} stroke={1.7} />}
        rightSection={
          query && (
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={text.documents.backToList} onClick={() => onQuery("")}>
              <IconX size={15} />
            </ActionIcon>
          )
        }
        value={query}
        onChange={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
          if (event.key === "Enter") onSearch();
          if (event.key === "Escape") onQuery("");
        }}
      />
      <LateMenu choices={ORDERS.map((each) => ({ name: text.documents.sorts[each], isChosen: order === each, act: () => onOrder(each) }))}>
        <ActionIcon variant="default" size={36} aria-label={text.documents.sort}>
          <IconArrowsSort size={18} stroke={1.6} />
        </ActionIcon>
      </LateMenu>
      <div className={classes.quota}>
        <Quota library={library} />
      </div>
    </div>
  );
}
