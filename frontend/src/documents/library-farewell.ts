"use client";

import { notifications } from "@mantine/notifications";

/** Why a library is not there: said once, by whoever knows first. */
export function tellFarewell(library: string, message: string): void {
  notifications.show({ id: `gone-${library}`, message, autoClose: 10_000 });
}
