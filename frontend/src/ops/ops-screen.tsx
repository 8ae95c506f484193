"use client";

import { Alert, Skeleton, Title } from "@mantine/core";
import dynamic from "next/dynamic";
import { useSearchParams } from "next/navigation";
import { patiently } from "@/lib/patiently";
import { Apology } from "@/shell/apology";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import { useOverview } from "./api";
import { DeadJobs } from "./dead-jobs";
import { LiveJobs } from "./live-jobs";
import classes from "./ops-screen.module.css";
import { QueueCards } from "./queue-cards";
import { StuckDocuments } from "./stuck-documents";
import { TraceFinder } from "./trace-finder";
import { Workers } from "./workers";

// The plots weigh more than all the rest, and are at the end of nobody's way to an answer.
const Charts = dynamic(() => patiently(() => import("./charts")).then((module) => module.Charts), { ssr: false, loading: () => <Skeleton h={240} /> });

export function OpsScreen() {
  const { operator } = usePerson();
  if (operator === null) return <Skeleton h={150} m="md" />;
  if (!operator) return <Apology title={text.ops.forOperators} lead={text.ops.forOperatorsLead} />;
  return <Board />;
}

function Board() {
  const { data, isPending, isError, dataUpdatedAt } = useOverview();
  const trace = useSearchParams().get("trace") ?? "";
  return (
    <div className={classes.screen}>
      <div className={classes.column}>
        <header className={classes.header}>
          <Title order={1} size="h3">
            {text.ops.title}
          </Title>
          <span className={classes.asOf}>{dataUpdatedAt > 0 && text.ops.asOf(new Date(dataUpdatedAt).toLocaleTimeString("en-GB"))}</span>
        </header>
        {isError && <Alert color="yellow">{text.ops.paused}</Alert>}
        {isPending && <Skeleton h={150} />}
        {data && <QueueCards queues={data.queues} />}
        <Charts />
        {data && (
          <>
            <DeadJobs jobs={data.dead} at={data.at} />
            <StuckDocuments documents={data.documents} />
            <LiveJobs jobs={data.live} />
            <Workers workers={data.workers} />
          </>
        )}
        <TraceFinder key={trace} id={trace} />
      </div>
    </div>
  );
}
