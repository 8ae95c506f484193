#!/bin/sh
# Functions on Cloud Run, one command each: infra/deploy/cloud-run.sh drain|ask|search|health|schedule|webhook
# Needs gcloud with a project chosen (gcloud config set project …), and in the environment IMAGE (where the image was pushed),
# REGION, SUPABASE_URL, CHROMA_URL (for Chroma Cloud CHROMA_TENANT and CHROMA_DATABASE, too, and the secret CHROMA_API_KEY) and
# FRONTEND_URL, whose pages may call ask and search; for schedule SUPABASE_WORKER_TOKEN, for webhook SUPABASE_SECRET_KEY, too. Secrets are those of Secret
# Manager, once:
#   rivulet worker-token | tr -d '\n' | gcloud secrets create SUPABASE_WORKER_TOKEN --data-file=-
set -eu

name=${1:?"say which: drain, ask, search, health, schedule or webhook"}
: "${REGION:?set REGION, such as europe-west3}" "${SUPABASE_URL:?set SUPABASE_URL}"

address() {
    gcloud run services describe rivulet-drain --region "$REGION" --format 'value(status.url)'
}

# Concurrency is ours to keep: an instance that drains takes one ring at a time.
deploy() {
    gcloud run deploy "rivulet-$name" --region "$REGION" --image "${IMAGE:?set IMAGE, such as europe-docker.pkg.dev/…/rivulet}" \
        --command functions-framework --args "--source=functions/main.py,--target=$name,--port=8080" --port 8080 \
        --allow-unauthenticated --memory "$1" --cpu 1 --timeout "$2" --concurrency "$3" --max-instances 20 --no-cpu-throttling \
        --set-env-vars "FUNCTION_TARGET=$name,SUPABASE_URL=$SUPABASE_URL,CHROMA_URL=${CHROMA_URL:?set CHROMA_URL},APP_ENV=production${FRONTEND_URL:+,FRONTEND_URL=$FRONTEND_URL}${CHROMA_TENANT:+,CHROMA_TENANT=$CHROMA_TENANT}${CHROMA_DATABASE:+,CHROMA_DATABASE=$CHROMA_DATABASE}" \
        --set-secrets "SUPABASE_WORKER_TOKEN=SUPABASE_WORKER_TOKEN:latest,SUPABASE_PUBLISHABLE_KEY=SUPABASE_PUBLISHABLE_KEY:latest,TOGETHER_API_KEY=TOGETHER_API_KEY:latest,RIVULET_WEBHOOK_SECRET=RIVULET_WEBHOOK_SECRET:latest${CHROMA_TENANT:+,CHROMA_API_KEY=CHROMA_API_KEY:latest}"
}

case $name in
drain) deploy 2Gi 300 1 ;;
ask) deploy 512Mi 300 80 ;;
search | health) deploy 512Mi 60 80 ;;
schedule) # for what no webhook told: retries that became due, leases that ran out
    gcloud scheduler jobs create http rivulet-drain --location "$REGION" --schedule '* * * * *' --uri "$(address)" \
        --http-method POST --attempt-deadline 300s --headers "Authorization=Bearer ${SUPABASE_WORKER_TOKEN:?set it}" ;;
webhook) # the database rings at once; the secret is the one that the functions have
    curl --fail-with-body --silent --show-error "$SUPABASE_URL/rest/v1/rpc/set_webhook_v1" \
        -H "apikey: ${SUPABASE_SECRET_KEY:?set it}" -H "Authorization: Bearer $SUPABASE_SECRET_KEY" \
        -H 'Content-Type: application/json' \
        -d "{\"p_url\": \"$(address)\", \"p_secret\": \"${RIVULET_WEBHOOK_SECRET:?set it: whsec_ and 32 random bytes in base64}\"}" ;;
*)
    echo "There is no $name; say drain, ask, search, health, schedule or webhook." >&2
    exit 2
    ;;
esac
