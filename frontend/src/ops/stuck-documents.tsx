import { span } from "@/lib/ago";
import { text } from "@/text/en";
import { Reason, TraceLink } from "./cells";
import { DataTable } from "./data-table";
import type { StuckDocument } from "./model";
import { Panel } from "./panel";

export function StuckDocuments({ documents }: { documents: StuckDocument[] }) {
  return (
    <Panel title={text.ops.stuck}>
      <DataTable
        label={text.ops.stuck}
        empty={text.ops.noStuck}
        head={[text.ops.subject, text.ops.state, text.ops.age, text.ops.reason, text.ops.trace]}
        rows={documents.map((document) => ({
          key: document.id,
          cells: [
            document.title,
            text.documents.status[document.status],
            span(document.age_seconds),
            <Reason key="reason">{document.error_message}</Reason>,
            <TraceLink key="trace" id={document.id} />,
          ],
        }))}
      />
    </Panel>
  );
}
