import { text } from "@/text/en";
import { Apology } from "@/shell/apology";

export default function NotFound() {
  return (
    <main>
      <Apology title={text.errors.missing} lead={text.errors.missingLead} />
    </main>
  );
}
