"use client";

import { Button, Group, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { text } from "@/text/en";
import { Panel } from "./panel";
import { TraceView } from "./trace-view";

export function TraceFinder({ id }: { id: string }) {
  const router = useRouter();
  const [typed, setTyped] = useState(id);
  const find = (event: FormEvent) => {
    event.preventDefault();
    router.replace(`/ops?trace=${encodeURIComponent(typed.trim())}#trace`, { scroll: false });
  };
  return (
    <div id="trace">
      <Panel title={text.ops.trace} lead={text.ops.traceLead}>
        <form onSubmit={find}>
          <Group gap="sm" mb={id ? "md" : 0}>
            <TextInput
              flex="1 1 240px"
              aria-label={text.ops.traceHint}
              placeholder={text.ops.traceHint}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Button type="submit" variant="default">
              {text.ops.find}
            </Button>
          </Group>
        </form>
        {id && <TraceView id={id} />}
      </Panel>
    </div>
  );
}
