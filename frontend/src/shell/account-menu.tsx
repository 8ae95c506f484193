"use client";

import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconDeviceDesktop, IconDevices, IconKey, IconLogout, IconMoon, IconSelector, IconSun } from "@tabler/icons-react";
import Link from "next/link";
import { leave } from "@/auth/leave";
import { text } from "@/text/en";
import classes from "./account-menu.module.css";
import { usePerson } from "./person";

const SCHEMES = [
  { value: "light", label: text.account.light, icon: IconSun },
  { value: "dark", label: text.account.dark, icon: IconMoon },
  { value: "auto", label: text.account.auto, icon: IconDeviceDesktop },
] as const;

export function AccountMenu() {
  const { email } = usePerson();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="top-start" width={236} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.target}>
          <VisuallyHidden>{text.account.menu}</VisuallyHidden>
          <Avatar size={30} radius="xl" color="river" variant="filled" name={email} aria-hidden>
            {email.slice(0, 1).toUpperCase()}
          </Avatar>
          <Text size="sm" truncate flex={1}>
            {email}
          </Text>
          <IconSelector size={16} stroke={1.6} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{text.account.theme}</Menu.Label>
        {SCHEMES.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            leftSection={<Icon size={16} stroke={1.6} />}
            rightSection={colorScheme === value ? <IconCheck size={14} /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} href="/auth/new-password" leftSection={<IconKey size={16} stroke={1.6} />}>
          {text.account.password}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.6} />} onClick={() => void signOut("local")}>
          {text.account.signOut}
        </Menu.Item>
        <Menu.Item leftSection={<IconDevices size={16} stroke={1.6} />} onClick={() => void signOut("global")}>
          {text.account.signOutEverywhere}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

async function signOut(scope: "local" | "global"): Promise<void> {
  if (!(await leave(scope))) notifications.show({ color: "red", message: text.account.signOutFailed });
}
