"use client";

import { Badge, Button } from "@mantine/core";
import { span } from "@/lib/ago";
import { text } from "@/text/en";
import { useMending } from "./api";
import { QueueName, Reason, TraceLink } from "./cells";
import { DataTable } from "./data-table";
import type { LiveJob } from "./model";
import { Panel } from "./panel";

export function LiveJobs({ jobs }: { jobs: LiveJob[] }) {
  const { cancel } = useMending();
  return (
    <Panel title={text.ops.live}>
      <DataTable
        label={text.ops.live}
        empty={text.ops.noLive}
        head={[text.ops.queue, text.ops.state, text.ops.age, text.ops.attempt, text.ops.reason, text.ops.trace, ""]}
        rows={jobs.map((job) => ({
          key: job.id,
          cells: [
            <QueueName key="queue" name={job.queue} />,
            <Badge key="state" variant="default" tt="none">
              {job.state}
            </Badge>,
            span(job.age_seconds),
            job.attempt,
            <Reason key="reason">{job.last_error}</Reason>,
            <TraceLink key="trace" id={job.subject_id} />,
            <Button key="cancel" size="compact-xs" variant="light" color="red" onClick={() => void cancel(job.id)}>
              {text.ops.cancel}
            </Button>,
          ],
        }))}
      />
    </Panel>
  );
}
