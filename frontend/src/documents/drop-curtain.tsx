import { IconCloudUpload, IconLock } from "@tabler/icons-react";
import { text } from "@/text/en";
import classes from "./drop-curtain.module.css";

/** Over everything while files are dragged. */
export function DropCurtain({ library, editable }: { library: string; editable: boolean }) {
  const Icon = editable ? IconCloudUpload : IconLock;
  return (
    <div className={classes.curtain} aria-hidden>
      <div className={classes.card}>
        <Icon size={56} stroke={1.2} />
        <p>{editable ? text.documents.dropHere(library) : text.documents.dropNot}</p>
      </div>
    </div>
  );
}
