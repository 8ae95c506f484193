import { Text } from "@mantine/core";
import { span } from "@/lib/ago";
import { text } from "@/text/en";
import { type Queue, QUEUE_ORDER } from "./model";
import classes from "./queue-cards.module.css";

/** So long may work wait before it is worth a look. */
const SLOW_SECONDS = 30;

export function QueueCards({ queues }: { queues: Record<string, Queue> }) {
  const names = QUEUE_ORDER.filter((name) => name in queues);
  return (
    <section className={classes.grid} aria-label={text.ops.queues}>
      {names.map((name) => {
        const queue = queues[name];
        return queue && <Card key={name} name={name} queue={queue} />;
      })}
    </section>
  );
}

function Card({ name, queue }: { name: string; queue: Queue }) {
  const slow = queue.oldest_ready_seconds > SLOW_SECONDS;
  return (
    <article className={classes.card} data-slow={slow || undefined} aria-label={text.ops.queueNames[name] ?? name}>
      <Text size="sm" fw={600}>
        {text.ops.queueNames[name] ?? name}
      </Text>
      <p className={classes.depth}>
        <strong>{(queue.ready + queue.waiting).toLocaleString("en")}</strong> {text.ops.ready}
      </p>
      <p className={classes.age}>{queue.ready > 0 ? text.ops.oldest(span(queue.oldest_ready_seconds)) : text.ops.nobodyWaits}</p>
      <dl className={classes.figures}>
        <Figure name={text.ops.running} value={queue.running} />
        <Figure name={text.ops.delayed} value={queue.delayed} />
        <Figure name={text.ops.dead} value={queue.dead} alarming />
        <Figure name={text.ops.perMinute} value={queue.done_last_minute} />
      </dl>
    </article>
  );
}

function Figure({ name, value, alarming = false }: { name: string; value: number; alarming?: boolean }) {
  return (
    <div className={classes.figure} data-alarm={(alarming && value > 0) || undefined}>
      <dt>{name}</dt>
      <dd>{value.toLocaleString("en")}</dd>
    </div>
  );
}
