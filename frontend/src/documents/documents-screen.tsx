"use client";

import { Button, Skeleton, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { newId } from "@/lib/uuid";
import { text } from "@/text/en";
import { filesOf, sortFiles, type Sorted } from "./accept-files";
import { AddMenu } from "./add-menu";
import classes from "./documents-screen.module.css";
import { DropCurtain } from "./drop-curtain";
import { Invitations } from "./invitations";
import { LibrariesBar } from "./libraries-bar";
import { type Library, mayEdit } from "./library";
import { NameDialog, ShareDialog } from "./late";
import { createLibrary } from "./library-acts";
import { LibraryContent } from "./library-content";
import { LibraryMenu } from "./library-menu";
import { Trouble } from "./trouble";
import { useUploads } from "./uploads";
import { useFileDrop } from "./use-file-drop";
import { useLibraries } from "./use-libraries";
import { useLibraryChoice } from "./use-library-choice";

const NONE: readonly Library[] = [];

/** `remembered`: the library that was chosen last. */
export function DocumentsScreen({ remembered }: { remembered: string | null }) {
  const { data: libraries = NONE, isPending, isError, isFetchedAfterMount, refetch } = useLibraries();
  const { chosen, choose } = useLibraryChoice(libraries, isFetchedAfterMount && !isError, remembered);
  const [naming, setNaming] = useState(false);

  async function create(name: string): Promise<string | null> {
    const id = newId();
    const fault = await createLibrary(id, name);
    if (!fault) choose(id);
    return fault;
  }

  return (
    <div className={classes.screen}>
      <div className={classes.column}>
        <Title order={1} className="visually-hidden">
          {text.documents.title}
        </Title>
        <Invitations onAccepted={choose} />
        {isPending && <Skeleton h={38} />}
        {isError && !chosen && <Trouble message={text.documents.librariesFailed} onRetry={() => void refetch()} />}
        {chosen && (
          <>
            <LibrariesBar libraries={libraries} chosen={chosen.id} onChoose={choose} onNew={() => setNaming(true)} />
            <ChosenLibrary key={chosen.id} library={chosen} />
          </>
        )}
      </div>
      {naming && (
        <NameDialog title={text.documents.newLibrary} lead={text.documents.newLibraryLead} action={text.documents.create} onClose={() => setNaming(false)} onSave={create} />
      )}
    </div>
  );
}

function ChosenLibrary({ library }: { library: Library }) {
  const [sharing, setSharing] = useState(false);
  const editable = mayEdit(library.role);
  const over = useFileDrop((transfer) => editable && take(library.id, filesOf(transfer)));
  return (
    <>
      <header className={classes.header}>
        <div className={classes.name}>
          <Title order={2} size="h3" lineClamp={2}>
            {library.name}
          </Title>
          <span className={classes.facts}>
            {library.people > 1 ? `${text.documents.shared(library.people)} · ${text.documents.yourRole[library.role]}` : text.documents.personal}
          </span>
        </div>
        <div className={classes.actions}>
          <Button variant="default" leftSection={<IconUserPlus size={17} stroke={1.7} />} onClick={() => setSharing(true)}>
            {text.documents.share}
          </Button>
          <LibraryMenu library={library} />
          {editable && <AddMenu library={library.id} onFiles={(files) => take(library.id, sortFiles(files))} />}
        </div>
      </header>
      <LibraryContent library={library} />
      {sharing && <ShareDialog library={library} onClose={() => setSharing(false)} />}
      {over && <DropCurtain library={library.name} editable={editable} />}
    </>
  );
}

/** Send what can be sent, and say at once what cannot. */
function take(library: string, { accepted, refused }: Sorted): void {
  for (const message of refused) notifications.show({ color: "red", message, autoClose: 10_000 });
  useUploads.getState().add(library, accepted);
}
