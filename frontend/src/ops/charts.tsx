"use client";

import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Text } from "@mantine/core";
import { text } from "@/text/en";
import { useSeries } from "./api";
import classes from "./charts.module.css";
import { jobsByMinute, latencyByMinute, queuesOf } from "./minutes";
import { Panel } from "./panel";

const HEIGHT = 210;
const COLOURS: Record<string, string> = {
  parse: "river.6", embed: "indigo.5", respond: "orange.6", purge: "gray.6", move: "grape.5", backfill: "lime.7",
};

/** The last hour, by minutes. */
export function Charts() {
  const { data, dataUpdatedAt } = useSeries();
  if (!data) return null;
  return (
    <div className={classes.charts}>
      <Panel title={text.ops.throughput} lead={text.ops.throughputLead}>
        {data.jobs.length === 0 ? (
          <Empty message={text.ops.noJobs} />
        ) : (
          <BarChart
            h={HEIGHT}
            data={jobsByMinute(data.jobs, dataUpdatedAt)}
            dataKey="minute"
            type="stacked"
            withLegend
            series={queuesOf(data.jobs).map((name) => ({ name, label: text.ops.queueNames[name] ?? name, color: COLOURS[name] ?? "gray.6" }))}
            barProps={{ isAnimationActive: false }}
            tickLine="none"
            gridAxis="x"
            yAxisProps={{ width: 66 }}
          />
        )}
      </Panel>
      <Panel title={text.ops.latency} lead={text.ops.latencyLead}>
        {data.answers.length === 0 ? (
          <Empty message={text.ops.noAnswers} />
        ) : (
          <LineChart
            h={HEIGHT}
            data={latencyByMinute(data.answers, dataUpdatedAt)}
            dataKey="minute"
            withLegend
            connectNulls
            curveType="linear"
            series={[
              { name: "median", label: text.ops.median, color: "river.6" },
              { name: "slow", label: text.ops.slowest, color: "orange.6" },
            ]}
            lineProps={{ isAnimationActive: false }}
            tickLine="none"
            gridAxis="x"
            yAxisProps={{ width: 66 }}
            valueFormatter={(value) => `${value.toLocaleString("en")} ms`}
          />
        )}
      </Panel>
    </div>
  );
}

function Empty({ message }: { message: string }) {
  return (
    <div className={classes.empty} style={{ height: HEIGHT }}>
      <Text size="sm" c="dimmed">
        {message}
      </Text>
    </div>
  );
}
