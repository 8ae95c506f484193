"use client";

import { Skeleton } from "@mantine/core";
import dynamic from "next/dynamic";
import { patiently } from "@/lib/patiently";

// What nobody sees at first: each is loaded when it is first opened.
export const AddressDialog = dynamic(() => patiently(() => import("./address-dialog")).then((module) => module.AddressDialog), { ssr: false });
export const ConfirmDialog = dynamic(() => patiently(() => import("./confirm-dialog")).then((module) => module.ConfirmDialog), { ssr: false });
export const NameDialog = dynamic(() => patiently(() => import("./name-dialog")).then((module) => module.NameDialog), { ssr: false });
export const NoteDialog = dynamic(() => patiently(() => import("./note-dialog")).then((module) => module.NoteDialog), { ssr: false });
export const PasswordDialog = dynamic(() => patiently(() => import("./password-dialog")).then((module) => module.PasswordDialog), { ssr: false });
export const Preview = dynamic(() => patiently(() => import("./preview")).then((module) => module.Preview), { ssr: false });
export const SearchResults = dynamic(() => patiently(() => import("./search-results")).then((module) => module.SearchResults), {
  ssr: false,
  loading: () => <Skeleton h={240} />,
});
export const ShareDialog = dynamic(() => patiently(() => import("./share-dialog")).then((module) => module.ShareDialog), { ssr: false });
