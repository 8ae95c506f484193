// Made by `python -m infra.local.web_types` from the database's catalog: change a migration, then run it again.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  public: {
    Tables: {
      chunks: {
        Row: {
          id: string;
          document_id: string;
          library_id: string;
          version: number;
          ordinal: number;
          text: string;
          tokens: number;
          page: number | null;
          char_start: number;
          char_end: number;
          heading_path: string[];
          content_hash: string;
          anchor: number;
          copy_of: string | null;
          language: string;
          search: string | null;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [
          { foreignKeyName: "chunks_document_id_fkey"; columns: ["document_id"]; isOneToOne: false; referencedRelation: "documents"; referencedColumns: ["id"] },
        ];
      };
      citations: {
        Row: {
          message_id: string;
          marker: number;
          chunk_id: string | null;
          document_id: string | null;
          status: "current" | "changed" | "vanished";
          title: string;
          page: number | null;
          quote: string;
          char_start: number;
          char_end: number;
          document_start: number;
          document_end: number;
          passage_hash: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [
          { foreignKeyName: "citations_chunk_id_fkey"; columns: ["chunk_id"]; isOneToOne: false; referencedRelation: "chunks"; referencedColumns: ["id"] },
          { foreignKeyName: "citations_document_id_fkey"; columns: ["document_id"]; isOneToOne: false; referencedRelation: "documents"; referencedColumns: ["id"] },
          { foreignKeyName: "citations_message_id_fkey"; columns: ["message_id"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["id"] },
        ];
      };
      conversations: {
        Row: {
          id: string;
          owner_id: string;
          library_id: string | null;
          title: string | null;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          library_id?: string | null;
          title?: string | null;
        };
        Update: {
          library_id?: string | null;
          title?: string | null;
        };
        Relationships: [
          { foreignKeyName: "conversations_library_id_fkey"; columns: ["library_id"]; isOneToOne: false; referencedRelation: "libraries"; referencedColumns: ["id"] },
        ];
      };
      deletions: {
        Row: {
          id: string;
          library_id: string;
          owner_id: string;
          document_id: string | null;
          cause: "object" | "document" | "watch" | "library" | "account";
          requested_by: string | null;
          requested_at: string;
          last_version: number;
          documents: number;
          passages: number;
          vectors_removed: number | null;
          vectors_left: number | null;
          files_removed: number | null;
          completed_at: string | null;
          trace_id: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [];
      };
      documents: {
        Row: {
          id: string;
          library_id: string;
          owner_id: string | null;
          source: "storage" | "inline" | "row" | "url";
          bucket: string | null;
          object_name: string | null;
          title: string;
          content: string | null;
          content_hash: string | null;
          mime: string | null;
          tags: string[];
          bytes: number | null;
          status: "queued" | "parsing" | "embedding" | "ready" | "failed";
          error_code: string | null;
          error_message: string | null;
          pages: number | null;
          pages_read: number;
          chunks_total: number | null;
          chunks_done: number;
          partial: string | null;
          version: number;
          active_version: number | null;
          trace_id: string;
          created_at: string;
          updated_at: string;
          ready_at: string | null;
          watch_id: string | null;
          source_ref: string | null;
          url: string | null;
        };
        Insert: {
          id?: string;
          library_id: string;
          source?: "storage" | "inline" | "row" | "url";
          title: string;
          content?: string | null;
          mime?: string | null;
          tags?: string[];
          url?: string | null;
        };
        Update: {
          title?: string;
          content?: string | null;
          tags?: string[];
          url?: string | null;
        };
        Relationships: [
          { foreignKeyName: "documents_library_id_fkey"; columns: ["library_id"]; isOneToOne: false; referencedRelation: "libraries"; referencedColumns: ["id"] },
          { foreignKeyName: "documents_watch_id_fkey"; columns: ["watch_id"]; isOneToOne: false; referencedRelation: "watches"; referencedColumns: ["id"] },
        ];
      };
      feedback: {
        Row: {
          message_id: string;
          user_id: string;
          rating: number;
          comment: string | null;
          created_at: string;
        };
        Insert: {
          message_id: string;
          rating: number;
          comment?: string | null;
        };
        Update: {
          rating?: number;
          comment?: string | null;
        };
        Relationships: [
          { foreignKeyName: "feedback_message_id_fkey"; columns: ["message_id"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["id"] },
        ];
      };
      invitations: {
        Row: {
          library_id: string;
          email: string;
          role: Database["public"]["Enums"]["library_role"];
          invited_by: string;
          created_at: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [
          { foreignKeyName: "invitations_library_id_fkey"; columns: ["library_id"]; isOneToOne: false; referencedRelation: "libraries"; referencedColumns: ["id"] },
        ];
      };
      libraries: {
        Row: {
          id: string;
          name: string;
          owner_id: string;
          personal: boolean;
          created_at: string;
        };
        Insert: {
          id?: string;
          name: string;
        };
        Update: {
          name?: string;
        };
        Relationships: [];
      };
      library_members: {
        Row: {
          library_id: string;
          user_id: string;
          role: Database["public"]["Enums"]["library_role"];
          created_at: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: {
          role?: Database["public"]["Enums"]["library_role"];
        };
        Relationships: [
          { foreignKeyName: "library_members_library_id_fkey"; columns: ["library_id"]; isOneToOne: false; referencedRelation: "libraries"; referencedColumns: ["id"] },
        ];
      };
      messages: {
        Row: {
          id: string;
          conversation_id: string;
          role: "user" | "assistant";
          content: string;
          status: "pending" | "streaming" | "complete" | "failed" | "cancelled";
          reply_to: string | null;
          superseded_at: string | null;
          replaces: string | null;
          fence: number | null;
          model: string | null;
          usage: Json | null;
          timings: Json | null;
          metadata: Json;
          error_code: string | null;
          error_message: string | null;
          trace_id: string;
          position: number;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          conversation_id: string;
          content?: string;
        };
        Update: {
          status?: "pending" | "streaming" | "complete" | "failed" | "cancelled";
        };
        Relationships: [
          { foreignKeyName: "messages_conversation_id_fkey"; columns: ["conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["id"] },
          { foreignKeyName: "messages_replaces_fkey"; columns: ["replaces"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["id"] },
          { foreignKeyName: "messages_reply_to_fkey"; columns: ["reply_to"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["id"] },
        ];
      };
      provenance: {
        Row: {
          message_id: string;
          query: string;
          rewritten_by: string | null;
          candidates: Json;
          passages: Json;
          prompt_sha256: string;
          prompt_tokens: number;
          parameters: Json;
          embedding_model: string | null;
          notes: Json;
          created_at: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [
          { foreignKeyName: "provenance_message_id_fkey"; columns: ["message_id"]; isOneToOne: true; referencedRelation: "messages"; referencedColumns: ["id"] },
        ];
      };
      watches: {
        Row: {
          id: string;
          library_id: string;
          source_table: string;
          table_name: string;
          partitions: string[];
          key: string[];
          title: string;
          content: string[];
          state: "backfilling" | "following" | "broken" | "deleting" | "releasing";
          error_message: string | null;
          rows_done: number;
          checkpoint: Json;
          created_at: string;
          updated_at: string;
        };
        Insert: Record<PropertyKey, never>;
        Update: Record<PropertyKey, never>;
        Relationships: [
          { foreignKeyName: "watches_library_id_fkey"; columns: ["library_id"]; isOneToOne: false; referencedRelation: "libraries"; referencedColumns: ["id"] },
        ];
      };
    };
    Views: { [_ in never]: never };
    Functions: {
      accept_invitation: { Args: { p_library: string }; Returns: boolean };
      edit_question: { Args: { p_message: string; p_content: string }; Returns: string };
      follow_ups: { Args: { p_message: string }; Returns: { document_id: string; title: string; heading: string }[] };
      is_operator: { Args: Record<PropertyKey, never>; Returns: boolean };
      library_people: { Args: { p_library: string }; Returns: { user_id: string | null; email: string; role: Database["public"]["Enums"]["library_role"]; since: string }[] };
      library_usage: { Args: { p_library?: string }; Returns: { library_id: string; documents: number; bytes: number; documents_limit: number | null; bytes_limit: number | null }[] };
      my_invitations: { Args: Record<PropertyKey, never>; Returns: { library_id: string; library_name: string; invited_by: string; role: Database["public"]["Enums"]["library_role"]; created_at: string }[] };
      ops_cancel: { Args: { p_job: number }; Returns: Json };
      ops_overview: { Args: Record<PropertyKey, never>; Returns: Json };
      ops_redrive: { Args: { p_queue: string; p_subject?: string }; Returns: number };
      ops_series: { Args: Record<PropertyKey, never>; Returns: Json };
      ops_trace: { Args: { p_id: string }; Returns: Json };
      provide_password: { Args: { p_document: string; p_password: string }; Returns: boolean };
      refetch_document: { Args: { p_document: string }; Returns: boolean };
      regenerate_answer: { Args: { p_message: string }; Returns: string };
      retry_document: { Args: { p_document: string }; Returns: boolean };
      search_passages: { Args: { p_query: string; p_library?: string; p_limit?: number }; Returns: { chunk_id: string; document_id: string; title: string; page: number | null; heading_path: string[]; text: string }[] };
      share_library: { Args: { p_library: string; p_email: string; p_role: Database["public"]["Enums"]["library_role"] }; Returns: undefined };
      stop_watching: { Args: { p_watch: string; p_keep_documents?: boolean }; Returns: boolean };
    };
    Enums: {
      library_role: "viewer" | "editor" | "owner";
    };
    CompositeTypes: { [_ in never]: never };
  };
};

type Public = Database["public"];
/** A row of a table, as it is read. */
export type Tables<Name extends keyof Public["Tables"]> = Public["Tables"][Name]["Row"];
export type Enums<Name extends keyof Public["Enums"]> = Public["Enums"][Name];
/** A row, or the rows, that a function returns. */
export type Returned<Name extends keyof Public["Functions"]> = Public["Functions"][Name]["Returns"];
