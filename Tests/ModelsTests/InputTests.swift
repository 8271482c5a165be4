import DVLADiagnostics
import DVLAModels
import DVLATensors
import Testing

/// Inputs that a model cannot take are refused by name before anything is computed.
struct InputTests {
  struct Case: CustomStringConvertible, Sendable {
    let checkpoint: String
    let what: String
    let input: String
    let words: String
    let spoil: @Sendable (inout ModelInputs) -> Void
    var description: String { "\(checkpoint): \(what)" }
  }

  static func pixels(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.elementCount).map { Float($0 % 7) / 7 - 0.4 }, shape: shape)
  }

  /// What every family takes.
  static func sound(_ checkpoint: String) -> ModelInputs {
    guard checkpoint.hasPrefix("paligemma") else {
      return ModelInputs(floats: ["pixel_values": pixels([1, 3, 28, 42])])
    }
    let ids = [Int](repeating: 133, count: 9) + [2, 5, 138]
    return ModelInputs(
      floats: ["pixel_values": pixels([1, 3, 42, 42])],
      integers: [
        "input_ids": IntegerTensor(ids, shape: [1, 12]),
        "attention_mask": IntegerTensor(Array(repeating: 1, count: 12), shape: [1, 12]),
      ])
  }

  static let families = ["paligemma/hf-hub", "dinov2-with-registers/hf", "depth-anything-v2/hf"]

  static let pixelCases = families.flatMap { checkpoint -> [Case] in
    func shaped(_ what: String, _ shape: Shape, _ words: String) -> Case {
      Case(checkpoint: checkpoint, what: what, input: "pixel_values", words: words) {
        $0.floats["pixel_values"] = pixels(shape)
      }
    }
    let side = checkpoint.hasPrefix("paligemma") ? "[B, 3, 42, 42]" : "multiples of 14"
    return [
      Case(checkpoint: checkpoint, what: "none", input: "pixel_values", words: "found none") {
        $0.floats["pixel_values"] = nil
      },
      Case(checkpoint: checkpoint, what: "one more", input: "state", words: "only") {
        $0.floats["state"] = Tensor(zeros: [1, 7])
      },
      Case(
        checkpoint: checkpoint, what: "whole numbers", input: "pixel_values",
        words: "floating-point"
      ) {
        $0.floats["pixel_values"] = nil
        $0.integers["pixel_values"] = IntegerTensor([], shape: [0, 3, 42, 42])
      },
      shaped("rank 3", [3, 42, 42], "found [3, 42, 42]"),
      shaped("rank 5", [1, 1, 3, 42, 42], "found [1, 1, 3, 42, 42]"),
      shaped("channels last", [1, 42, 42, 3], "found [1, 42, 42, 3]"),
      shaped("one channel", [1, 1, 42, 42], "found [1, 1, 42, 42]"),
      shaped("no image", [0, 3, 42, 42], "found [0, 3, 42, 42]"),
      shaped("no height", [1, 3, 0, 42], "found [1, 3, 0, 42]"),
      shaped("one row too many", [1, 3, 43, 42], side),
      shaped("one column too few", [1, 3, 42, 41], side),
    ]
      + [Float.nan, .infinity, -.infinity].map { value in
        Case(
          checkpoint: checkpoint, what: "\(value)", input: "pixel_values",
          words: "found \(value) at 1000"
        ) { $0.floats["pixel_values"]?.values[1000] = value }
      }
  }

  static func tokens(
    _ what: String, _ input: String, _ words: String, _ values: [Int], _ shape: Shape
  ) -> Case {
    Case(checkpoint: "paligemma/hf-hub", what: what, input: input, words: words) {
      $0.integers[input] = IntegerTensor(values, shape: shape)
    }
  }

  static let images = [Int](repeating: 133, count: 9)

  static let tokenCases = [
    tokens(
      "too few image tokens", "input_ids", "found 8", images.dropLast() + [2, 3, 4, 5], [1, 12]),
    tokens("too many image tokens", "input_ids", "found 10", images + [133, 3, 4], [1, 12]),
    tokens(
      "an id beyond the vocabulary", "input_ids", "found 139 at [0, 10]", images + [2, 139, 4],
      [1, 12]),
    tokens("a negative id", "input_ids", "found -1 at [0, 9]", images + [-1, 3, 4], [1, 12]),
    tokens("the least id", "input_ids", "found \(Int.min)", images + [3, 4, .min], [1, 12]),
    tokens("ids of rank 1", "input_ids", "found [12]", images + [2, 3, 4], [12]),
    tokens("ids of two rows", "input_ids", "found [2, 6]", images + [2, 3, 4], [2, 6]),
    tokens("no ids", "input_ids", "found [1, 0]", [], [1, 0]),
    tokens(
      "a mask of 2", "attention_mask", "0 and 1", images.map { _ in 1 } + [1, 2, 1], [1, 12]),
    tokens(
      "a negative mask", "attention_mask", "0 and 1", images.map { _ in 1 } + [1, -1, 1], [1, 12]),
    tokens(
      "a shorter mask", "attention_mask", "found [1, 11]", images.map { _ in 1 } + [1, 1], [1, 11]),
    Case(
      checkpoint: "paligemma/hf-hub", what: "no ids", input: "input_ids", words: "found none"
    ) { $0.integers["input_ids"] = nil },
    Case(
      checkpoint: "paligemma/hf-hub", what: "no mask", input: "attention_mask", words: "found none"
    ) { $0.integers["attention_mask"] = nil },
    Case(
      checkpoint: "paligemma/hf-hub", what: "a mask of floats", input: "attention_mask",
      words: "whole numbers"
    ) {
      $0.integers["attention_mask"] = nil
      $0.floats["attention_mask"] = Tensor(zeros: [1, 12])
    },
  ]

  @Test(arguments: families)
  func oneMistakeIsRefusedByNameAndNoneIsNot(_ checkpoint: String) throws {
    let model = try EditableModel(checkpoint).load()
    let sound = Self.sound(checkpoint)
    try model.run(sound, trace: .none)
    for its in (Self.pixelCases + Self.tokenCases) where its.checkpoint == checkpoint {
      var inputs = sound
      its.spoil(&inputs)
      var shown = 0
      let error = refusal { try model.run(inputs, trace: StageTrace { _ in shown += 1 }) }
      #expect(error?.code == .modelInput, "\(its): \(String(describing: error))")
      #expect(error?.tensor == its.input, "\(its)")
      #expect(error?.message.contains(its.words) == true, "\(its): \(error?.message ?? "")")
      #expect(shown == 0, "\(its)")
    }
  }
}
