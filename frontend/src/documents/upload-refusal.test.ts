import { expect, it } from "vitest";
import { text } from "@/text/en";
import { uploadRefusal } from "./upload-refusal";

it.each([
  [403, "new row violates row-level security policy", text.documents.uploadNotAllowed],
  [403, '{"message":"new row violates row-level security policy"}', text.documents.uploadNotAllowed],
  [413, "The object exceeded the maximum allowed size", text.documents.uploadTooLarge],
  [403, '{"message":"This library is full."}', "This library is full."],
  [403, "This library is full. Delete some.", "This library is full. Delete some."],
  [403, "Invalid Compact JWS", text.documents.uploadSignedOut],
  [401, '{"message":"jwt expired"}', text.documents.uploadSignedOut],
  [502, "<html><body>Bad Gateway.</body></html>", text.documents.uploadRefused],
  [500, '{"message":"The object could not be stored."}', text.documents.uploadRefused],
  [409, "The resource already exists", text.documents.uploadRefused],
  [500, "", text.documents.uploadRefused],
])("%i %s", (status, body, expected) => {
  expect(uploadRefusal(status, body)).toBe(expected);
});
