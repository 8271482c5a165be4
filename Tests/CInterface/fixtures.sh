# shellcheck shell=bash
# What the tests of the C interface are given, made by the command from the repository's fixtures. Sourced by
# scripts/check-c. The folder goldens and the tiny checkpoints are linked.

# make_fixtures TOOL FOLDER
make_fixtures() {
  local tool=$1 folder=$2 fixtures=$PWD/Fixtures
  local -a robot=(
    --statistics "$fixtures/statistics/openpi-8-5.json"
    --tokenizer "$fixtures/tokenizers/tiny/tokenizer.model"
  )
  local -a depthvla=(--depthvla "$fixtures/checkpoints/depthvla/plain")
  mkdir -p "$folder/expected"
  ln -s "$fixtures/goldens" "$fixtures/images" "$fixtures/checkpoints" "$folder/"
  cp "$fixtures/bundles/independent.dvla.safetensors" "$folder/"
  cp "$fixtures/statistics/openpi-8-5.json" "$folder/norm_stats.json"
  cp "$fixtures/tokenizers/tiny/tokenizer.model" "$folder/"
  cp "$fixtures/signing/p256.pub.pem" "$folder/p256.pub.pem"
  cp "$fixtures/signing/ed25519.pem" "$folder/release.pem"
  cp "$fixtures/signing/ed25519.pub.pem" "$folder/release.pub.pem"
  cp "$fixtures/signing/p384.pub.pem" "$folder/other.pub.pem"
  cp "$fixtures/signing/p384.pem" "$folder/gate.pem"
  cp "$fixtures/signing/p384.pub.pem" "$folder/gate.pub.pem"
  echo '[0.1, 0.2, -0.3, 0.4, 0.5, 0.6, 0.7, 0.8]' >"$folder/state.json"
  (
    cd "$folder" || exit
    # bundle NAME OPTION...
    bundle() {
      local name=$1
      shift
      "$tool" convert --quiet -o "$name.dvla.safetensors" "$@" || exit
    }
    bundle robot "${depthvla[@]}" "${robot[@]}"
    bundle robot-int8 "${depthvla[@]}" "${robot[@]}" --precision int8
    bundle robot-stored "${depthvla[@]}" "${robot[@]}" --store
    bundle no-tokenizer "${depthvla[@]}" --no-assets
    bundle pi0 --pi0 checkpoints/pi0/transformers-5.23-fresh-save "${robot[@]}"
    bundle paligemma --paligemma checkpoints/paligemma/hf-hub
    bundle paligemma-int8 --paligemma checkpoints/paligemma/hf-hub --precision int8
    bundle depth --depth-anything checkpoints/depth-anything-v2/hf
    bundle depth-metric --depth-anything checkpoints/depth-anything-v2-metric/hf
    bundle dinov2 --dinov2 checkpoints/dinov2/hf
    bundle registers --dinov2 checkpoints/dinov2-with-registers/hf --precision bf16
    bundle swiglu --dinov2 checkpoints/dinov2-swiglu/timm
    # A model of which a value is NaN.
    mkdir not-finite
    cp checkpoints/dinov2/hf/config.json not-finite/
    cp --no-preserve=mode checkpoints/dinov2/hf/model.safetensors not-finite/
    printf '\0\0\300\177' | dd of=not-finite/model.safetensors bs=1 conv=notrunc status=none \
      seek=$(($(stat -c %s not-finite/model.safetensors) - 4))
    bundle not-finite --dinov2 not-finite --allow-non-finite
    cp robot.dvla.safetensors signed.dvla.safetensors
    cp dinov2.dvla.safetensors unnumbered.dvla.safetensors
    "$tool" sign --quiet signed.dvla.safetensors --key release.pem --release 7 || exit
    "$tool" sign --quiet unnumbered.dvla.safetensors --key release.pem || exit
    # A bundle that passed a gate, and one that did not.
    bundle trained --depthvla "$fixtures/trained/depthvla"
    bundle gated --depthvla "$fixtures/trained/depthvla" --precision int8
    cp gated.dvla.safetensors failed.dvla.safetensors
    budget() {
      printf '%s' '{"schema": 1, "observations": {"at_least": 8}, "limits": [' \
        '{"measure": "action.max_of_std", "statistic": "worst", "at_most": '"$2"'}]}' >"$1.json"
    }
    budget budget 0.5
    budget strict-budget 0.000001
    # gate NAME BUDGET
    gate() {
      "$tool" gate --quiet "$1.dvla.safetensors" --against trained.dvla.safetensors \
        --observations "$fixtures/trained/observations" --budget "$2.json" --seeds 1 --work . \
        --sign gate.pem
    }
    gate gated budget || exit
    if gate failed strict-budget; then exit 1; fi

    # What the command makes of the same inputs.
    # chunk NAME BUNDLE OPTION...
    chunk() {
      local name=$1 bundle=$2
      shift 2
      "$tool" run --quiet "$bundle.dvla.safetensors" --image images/rgb8.png --state state.json \
        --instruction "pick up the red cup" --actions "expected/$name.json" "$@" || exit
    }
    chunk chunk robot
    chunk chunk-full robot --mask full --seed 18446744073709551615 --steps 3
    chunk chunk-no-depth robot --no-depth
    chunk chunk-native robot-int8 --products native
    chunk chunk-pi0 pi0
    for name in depth depth-metric; do
      "$tool" run --quiet "$name.dvla.safetensors" --image images/baseline-420.jpg \
        --png16 "expected/$name-16.png" --raw "expected/$name.npy" -o "expected/$name.png" || exit
    done

    # Every naming of every family. A line of exports.txt says what was exported where.
    # exported BUNDLE NAMING FAMILY DTYPE int8|float
    exported() {
      local output="exports/$1_$2_$3_$4_$5"
      local -a options=(--naming "$2" -o "$output")
      [ "$3" = - ] || options+=(--family "$3")
      [ "$4" = - ] || options+=(--dtype "$(tr '[:upper:]' '[:lower:]' <<<"$4")")
      [ "$5" = int8 ] || options+=(--dequantize)
      "$tool" export --quiet "$1.dvla.safetensors" "${options[@]}" || exit
      echo "$1.dvla.safetensors $2 $3 $4 $5 $output" >>exports.txt
    }
    mkdir exports
    for naming in hub save-5.4 save-5.6 state-dict-4.52 state-dict-5.6 source; do
      exported paligemma "$naming" - - float
      exported paligemma-int8 "$naming" - - float
    done
    exported paligemma-int8 hub - - int8
    exported paligemma-int8 save-5.6 - - int8
    exported paligemma-int8 hub - F32 float
    exported paligemma hub - BF16 float
    exported paligemma hub - F16 float
    for naming in hub hub-classifier original state-dict-5.18 timm source; do
      exported dinov2 "$naming" - - float
    done
    for naming in hub original; do
      exported registers "$naming" - - float
      exported swiglu "$naming" - - float
      exported depth "$naming" - - float
    done
    exported depth-metric original - BF16 float
    for naming in lerobot-2025-02 lerobot-2025-10 lerobot-save-5.4 lerobot-save-5.6 openpi \
      transformers-save transformers-state-dict source; do
      exported pi0 "$naming" - - float
    done
    exported robot layout - - float
    exported robot hub paligemma - float
    exported robot original dinov2 - float
    exported robot-int8 layout - - float
    exported robot-int8 hub paligemma - int8
    exported robot-int8 timm dinov2 F32 float
    exported robot-stored layout - F16 float
  ) >"$SETUP_LOG" 2>&1
}
