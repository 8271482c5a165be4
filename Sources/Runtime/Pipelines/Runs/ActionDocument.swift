import DVLAHashing
import DVLAImages
public import DVLAJSON
import DVLAModels
import DVLANormalization
public import DVLATensorMath
import DVLATensors

/// The chunk of a run as a JSON document, with a description of the run.
///
/// It has no durations and no path of the bundle, so that equal runs have equal documents, bit for
/// bit. `JSONOutput.md` describes its members.
public struct ActionDocument: Sendable {
  public let json: JSONValue

  public init(_ run: PolicyRun) { json = Self.json(of: run) }

  /// The contents of a file with the document, with line breaks and a newline at the end.
  public var text: String { json.encoded(pretty: true) + "\n" }

  private static func json(of run: PolicyRun) -> JSONValue {
    let chunk = run.chunk
    let noise: JSONValue =
      switch run.noise {
      case .seed(let seed): ["seed": .string(String(seed))]
      case .file(let path): ["file": .string(path)]
      case .given: ["given": true]
      }
    let width = chunk.normalized.shape[1]
    return [
      "family": .string(run.family),
      "root": .string(run.root.hex),
      "units": chunk.isInRobotUnits ? "robot" : "model",
      "state_normalized": .bool(chunk.isStateNormalized),
      "normalization": [
        "state": chunk.stateNormalization.map { .string($0.rawValue) } ?? .null,
        "action": chunk.actionNormalization.map { .string($0.rawValue) } ?? .null,
      ],
      "model_state": .array(chunk.modelState.values.map { .number(Double($0)) }),
      "processing": .array(chunk.steps.map(JSONValue.string)),
      "noise": noise,
      "steps": .integer(Int64(run.steps)),
      "mask": .string(run.pattern.rawValue),
      "products": run.products.json,
      "prompt_tokens": .integer(Int64(chunk.tokenCount)),
      "actions": .array(
        chunk.actions.map { .array($0.map { .number($0) }) }),
      "model_actions": .array(
        (0..<chunk.normalized.shape[0]).map { index in
          .array(
            chunk.normalized.values[index * width..<(index + 1) * width].map {
              .number(Double($0))
            })
        }),
      "cameras": .array(
        run.cameras.map { camera in
          [
            "path": .string(camera.path),
            "height": .integer(Int64(camera.size.height)),
            "width": .integer(Int64(camera.size.width)),
            "depth_minimum": camera.range.map { .number(Double($0.lowerBound)) } ?? .null,
            "depth_maximum": camera.range.map { .number(Double($0.upperBound)) } ?? .null,
            "outputs": .array(camera.outputs.map(JSONValue.string)),
          ]
        }),
    ]
  }
}

extension ProductChoice {
  /// How products are computed, by the type of the weights: `{"bf16": …, "int8": …}`.
  public var json: JSONValue { ["bf16": .string(bf16.rawValue), "int8": .string(int8.rawValue)] }
}
