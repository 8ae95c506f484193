import { Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./data-table.module.css";

interface Props {
  label: string;
  head: string[];
  rows: { key: string | number; cells: ReactNode[] }[];
  empty: string;
}

/** A table that scrolls by itself where it is too wide. */
export function DataTable({ label, head, rows, empty }: Props) {
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  }
  return (
    <div className={classes.scroll} role="region" aria-label={label} tabIndex={0}>
      <Table className={classes.table} verticalSpacing={7} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {head.map((name, place) => (
              <Table.Th key={place}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, cells }) => (
            <Table.Tr key={key}>
              {cells.map((cell, place) => (
                <Table.Td key={place}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
