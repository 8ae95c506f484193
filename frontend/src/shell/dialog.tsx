"use client";

import { Modal, type ModalProps } from "@mantine/core";
import { text } from "@/text/en";
import { useFocusReturn } from "./use-focus-return";

/** Open for as long as it is rendered; then the keyboard is back where it came from. */
export function Dialog(props: Omit<ModalProps, "opened" | "closeButtonProps">) {
  useFocusReturn();
  return <Modal opened closeButtonProps={{ "aria-label": text.common.close }} {...props} />;
}
