"use client";

import { Button, Group } from "@mantine/core";
import { ago } from "@/lib/ago";
import { text } from "@/text/en";
import { useMending } from "./api";
import { QueueName, Reason, TraceLink } from "./cells";
import { DataTable } from "./data-table";
import type { DeadJob } from "./model";
import { Panel } from "./panel";

export function DeadJobs({ jobs, at }: { jobs: DeadJob[]; at: string }) {
  const { redrive } = useMending();
  const queues = [...new Set(jobs.map((job) => job.queue))];
  const now = Date.parse(at);
  return (
    <Panel
      title={text.ops.deadJobs}
      lead={jobs.length > 0 ? text.ops.deadLead : undefined}
      aside={
        <Group gap="xs">
          {queues.map((queue) => (
            <Button key={queue} size="compact-sm" variant="default" onClick={() => void redrive(queue)}>
              {text.ops.redriveAll}: {text.ops.queueNames[queue] ?? queue}
            </Button>
          ))}
        </Group>
      }
    >
      <DataTable
        label={text.ops.deadJobs}
        empty={text.ops.noDead}
        head={[text.ops.queue, text.ops.reason, text.ops.attempt, text.ops.when, text.ops.trace, ""]}
        rows={jobs.map((job) => ({
          key: job.id,
          cells: [
            <QueueName key="queue" name={job.queue} />,
            <Reason key="reason">{job.error_message}</Reason>,
            job.attempt,
            ago(job.finished_at, now),
            <TraceLink key="trace" id={job.subject_id} />,
            <Button key="redrive" size="compact-xs" variant="light" onClick={() => void redrive(job.queue, job.subject_id)}>
              {text.ops.redrive}
            </Button>,
          ],
        }))}
      />
    </Panel>
  );
}
