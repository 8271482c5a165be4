import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// A recipe decides tensor by tensor, and the bundle keeps it.
struct RecipeConversionTests {
  static let recipe: JSONValue = [
    "schema": 1,
    "rules": [
      ["match": "vlm.embed_tokens.weight", "precision": "bf16"],
      ["match": "vlm.vision_tower.**", "precision": "source"],
      [
        "match": "vlm.layers.{i}.mlp.*.weight", "precision": "int8", "scale": "least_squares",
      ],
      ["match": "**", "rank": 2, "precision": "int8"],
      ["match": "**", "precision": "f32"],
    ],
  ]

  @Test func theFirstRuleThatMatchesWins() throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("paligemma/hf-hub-f16")
    let recipe = try Recipe(json: Self.recipe)
    let bundle = try convert(fixture, to: scratch("b")) {
      $0.recipe = recipe
      $0.keepsUnused = false
    }
    let types: [(String, DType)] = [
      ("vlm.embed_tokens.weight", .bf16),
      ("vlm.vision_tower.encoder.layers.0.mlp.fc1.weight", .f16),
      ("vlm.layers.2.mlp.up_proj.weight", .i8), ("vlm.layers.2.mlp.up_proj.weight_scale", .bf16),
      ("vlm.layers.0.self_attn.q_proj.weight", .i8), ("vlm.norm.weight", .f32),
      ("vlm.multi_modal_projector.linear.bias", .f32),
    ]
    for (name, dtype) in types {
      #expect(bundle.info(of: TensorName(name))?.dtype == dtype, "\(name)")
    }
    #expect(try Recipe(json: bundle.documents.recipe) == recipe)
    try #expect(compare(bundle, against: [fixture.path]).differences.isEmpty)
  }

  /// The squared error can only fall, and somewhere it does.
  @Test func leastSquaresLosesNoMoreThanTheAbsoluteMaximum() throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("paligemma/hf-hub")
    func losses(_ scale: String) throws -> [String: Double] {
      let recipe = try Recipe(
        json: [
          "schema": 1,
          "rules": [
            ["match": "**", "rank": 2, "precision": "int8", "scale": .string(scale)]
          ],
        ])
      let bundle = try convert(fixture, to: scratch(scale)) { $0.recipe = recipe }
      return Dictionary(
        uniqueKeysWithValues: try bundle.bundleTensors.compactMap { tensor in
          guard let record = tensor.quantization?.object?["error"] else { return nil }
          return (
            tensor.name.string, try QuantizationError(JSONReader(record)).rootMeanSquareError
          )
        })
    }
    let (absolute, squares) = (try losses("absolute_maximum"), try losses("least_squares"))
    #expect(absolute.keys.sorted() == squares.keys.sorted())
    #expect(absolute.count > 30)
    for (name, loss) in squares { #expect(loss <= (absolute[name] ?? 0), "\(name)") }
    #expect(squares.contains { $0.value < (absolute[$0.key] ?? 0) })
  }

  @Test func groupsThatDoNotDivideARowAreRefusedByName() throws {
    let scratch = try ScratchFolder()
    let recipe = try Recipe(
      json: [
        "schema": 1,
        "rules": [["match": "**", "rank": 2, "precision": "int8", "group": 32]],
      ])
    let error = #expect(throws: WeightsError.self) {
      try convert(FixtureCheckpoint("paligemma/hf-hub"), to: scratch("b")) { $0.recipe = recipe }
    }
    #expect(error?.code.rawValue == "quantization.group")
    #expect(error?.tensor?.hasPrefix("vlm.") == true)
    #expect(try scratch.entries == [])
  }

  /// Only floats are converted; what a saver stored as integers stays as it came.
  @Test func integersStayWhateverTheRecipe() throws {
    let scratch = try ScratchFolder()
    var source = try PlainCheckpoint(fixture: "paligemma/hf-hub")
    source.tensors["vision_tower.vision_model.embeddings.position_ids"] = PlainTensor(
      "I64", [1, 9], (0..<9).flatMap { [UInt8($0), 0, 0, 0, 0, 0, 0, 0] })
    let path = try source.write(to: scratch, as: "in")
    let bundle = try convert([path], to: scratch("b"), precision: .bf16)
    #expect(bundle.tensors.allSatisfy { $0.dtype == .bf16 })
    let whole = try convert([path], to: scratch("c"))
    try export(whole, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
  }
}
