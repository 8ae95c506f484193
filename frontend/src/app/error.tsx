"use client";

import type { ComponentProps } from "react";
import AppError from "./(app)/error";

/** The same as inside of the frame, where there is none. */
export default function ErrorPage(props: ComponentProps<typeof AppError>) {
  return (
    <main>
      <AppError {...props} />
    </main>
  );
}
