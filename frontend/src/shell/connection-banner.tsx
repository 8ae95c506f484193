"use client";

import { useDebouncedValue, useNetwork } from "@mantine/hooks";
import { IconCloudOff, IconPlugConnectedX } from "@tabler/icons-react";
import { useConnection } from "@/lib/connection";
import { text } from "@/text/en";
import classes from "./connection-banner.module.css";

/** A short interruption is nobody's business. */
const PATIENCE_MS = 2_500;

export function ConnectionBanner() {
  const { online } = useNetwork();
  const [silent] = useDebouncedValue(useConnection((state) => state.silent.size > 0), PATIENCE_MS);
  const isOutdated = useConnection((state) => state.isOutdated);
  const shown = !online ? text.connection.offline : isOutdated ? text.connection.outdated : silent ? text.connection.silent : null;
  const Icon = online ? IconPlugConnectedX : IconCloudOff;
  return (
    <div role="status">
      {shown && (
        <div className={classes.banner}>
          <Icon size={17} stroke={1.8} aria-hidden />
          <span>{shown}</span>
          {isOutdated && online && (
            <button type="button" className={classes.act} onClick={() => location.reload()}>
              {text.connection.reload}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
