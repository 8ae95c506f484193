import { span } from "@/lib/ago";
import { text } from "@/text/en";
import { DataTable } from "./data-table";
import type { Worker } from "./model";
import { Panel } from "./panel";

export function Workers({ workers }: { workers: Worker[] }) {
  return (
    <Panel title={text.ops.workers}>
      <DataTable
        label={text.ops.workers}
        empty={text.ops.noWorkers}
        head={[text.ops.worker, text.ops.serves, text.ops.busy, text.ops.hears, text.ops.seen]}
        rows={workers.map((worker) => ({
          key: worker.worker_id,
          cells: [
            worker.worker_id,
            worker.queues.map((name) => text.ops.queueNames[name] ?? name).join(", "),
            `${worker.running} / ${worker.concurrency}`,
            worker.hears ? text.ops.hearsYes : text.ops.hearsNo,
            text.ops.ago(span(worker.seen_seconds_ago)),
          ],
        }))}
      />
    </Panel>
  );
}
