import { expect, it } from "vitest";
import { text } from "@/text/en";
import { uploadRefusal } from "./upload-refusal";

it.each([
  [403, "new row violates row-level security policy", text.documents.uploadNotAllowed],
  [403, '{"message":"new row violates row-level security policy"}', text.documents.uploadNotAllowed],
  [413, "The object exceeded the maximum allowed size", text.documents.uploadTooLarge],
  [403, '{"message":"This library is full."}', "This library is full."],
  [500, "", text.documents.uploadRefused],
])("%i %s", (status, body, expected) => {
  expect(uploadRefusal(status, body)).toBe(expected);
});
