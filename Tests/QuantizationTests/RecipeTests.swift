import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors
import Testing

@Suite struct RecipeTests {
  @Test func takesTheFirstRuleThatMatches() throws {
    let recipe = try recipe(
      """
      {"schema": 1, "rules": [
        {"match": "vlm.layers.{i}.mlp.*.weight", "precision": "int8", "group": 64,
         "scale": "least_squares"},
        {"match": "vlm.layers.**", "rank": 2, "precision": "int8"},
        {"match": "vlm.**", "precision": "f32"}
      ]}
      """)
    let grouped = Int8Scheme(.group(.of64), scale: .leastSquares)
    #expect(precision(recipe, "vlm.layers.17.mlp.up_proj.weight") == .int8(grouped))
    #expect(precision(recipe, "vlm.layers.x.mlp.up_proj.weight") == .int8(Int8Scheme()))
    #expect(precision(recipe, "vlm.layers.0.self_attn.q_proj.weight") == .int8(Int8Scheme()))
    #expect(precision(recipe, "vlm.layers.0.input_layernorm.weight", [64]) == .f32)
    #expect(precision(recipe, "vlm.layers", [64]) == .f32)
    #expect(precision(recipe, "vlm", [64]) == .source)
    #expect(precision(recipe, "depth.norm.weight", [64]) == .source)
  }

  @Test func leavesIntegersAndUncommonFloatsAsTheyAre() {
    let recipe = Recipe.preset(.bf16)
    for dtype in DType.allCases {
      let expected: TensorPrecision =
        [.f32, .f16, .bf16].contains(dtype) ? .bf16 : .source
      #expect(recipe.precision(for: "a", shape: [4], dtype: dtype) == expected)
    }
  }

  @Test(arguments: [(Precision.source, TensorPrecision.source), (.f32, .f32), (.bf16, .bf16)])
  func presetsTreatEveryTensorAlike(preset: Precision, expected: TensorPrecision) {
    #expect(precision(.preset(preset), "vlm.norm.weight", [8]) == expected)
    #expect(precision(.preset(preset), "vlm.embed_tokens.weight") == expected)
  }

  @Test(arguments: [
    "vlm.embed_tokens.weight", "vlm.layers.0.self_attn.q_proj.weight",
    "vlm.multi_modal_projector.linear.weight",
    "vlm.vision_tower.encoder.layers.26.mlp.fc1.weight", "depth.input_proj.weight",
    "depth.encoder.encoder.layer.3.attention.attention.query.weight",
    "action.layers.17.mlp.down_proj.weight", "dinov2.encoder.layer.0.mlp.fc2.weight",
  ])
  func presetInt8QuantizesMatrices(name: String) {
    #expect(precision(.preset(.int8), name) == .int8(Int8Scheme(.channel, scale: .absoluteMaximum)))
  }

  static let kept: [(String, Shape)] = [
    ("vlm.norm.weight", [2048]),
    ("vlm.vision_tower.embeddings.position_embedding.weight", [256, 1152]),
    ("vlm.vision_tower.embeddings.patch_embedding.weight", [1152, 3, 14, 14]),
    ("depth.encoder.embeddings.mask_token", [1, 1024]),
    ("depth.encoder.embeddings.cls_token", [1, 1, 1024]),
    ("dinov2.embeddings.mask_token", [1, 384]),
    ("depth_anything.backbone.embeddings.mask_token", [1, 384]),
    ("depth_anything.neck.convs.0.weight", [64, 48, 3, 3]), ("depth.head.weight", [196, 1024]),
    ("action.state_proj.weight", [1024, 32]), ("action.action_in_proj.weight", [1024, 32]),
    ("action.action_time_mlp_in.weight", [1024, 2048]),
    ("action.action_time_mlp_out.weight", [1024, 1024]),
    ("action.action_out_proj.weight", [32, 1024]),
  ]

  @Test(arguments: kept)
  func presetInt8KeepsTheRestInBFloat16(name: String, shape: Shape) {
    #expect(precision(.preset(.int8), name, shape) == .bf16)
  }

  @Test(arguments: Precision.allCases)
  func presetsSurviveJSON(preset: Precision) throws {
    let recipe = Recipe.preset(preset)
    let text = recipe.json.encoded()
    #expect(try Recipe(json: StrictJSON.parse(text)) == recipe)
  }

  @Test func writesWhatItReadWithoutDefaults() throws {
    let recipe = try recipe(
      """
      {"schema": 1, "rules": [
        {"match": "a.{i}.*.**", "rank": 2, "scale": "absolute_maximum", "precision": "int8"},
        {"match": "b", "precision": "int8", "scale": "least_squares", "group": 128},
        {"match": "**", "precision": "source"}
      ]}
      """)
    let expected: JSONValue = [
      "schema": 1,
      "rules": [
        ["match": "a.{i}.*.**", "rank": 2, "precision": "int8"],
        ["match": "b", "precision": "int8", "group": 128, "scale": "least_squares"],
        ["match": "**", "precision": "source"],
      ],
    ]
    #expect(recipe.json == expected)
  }

  @Test(arguments: [
    (#"{"rules": []}"#, WeightsError.Code.jsonMissingKey),
    (#"{"schema": 2, "rules": []}"#, .jsonType),
    (#"{"schema": 1, "rules": {}}"#, .jsonType),
    (#"{"schema": 1, "rules": [], "default": "f32"}"#, .jsonUnknownKey),
    (#"{"schema": 1, "rules": [{"match": "**"}]}"#, .jsonMissingKey),
    (
      #"{"schema": 1, "rules": [{"match": "**", "precision": "f32", "dtype": 1}]}"#, .jsonUnknownKey
    ),
    (#"{"schema": 1, "rules": [{"match": "**", "precision": "f16"}]}"#, .recipePrecision),
    (
      #"{"schema": 1, "rules": [{"match": "**", "precision": "int8", "group": 48}]}"#,
      .recipePrecision
    ),
    (#"{"schema": 1, "rules": [{"match": "**", "precision": "int8", "group": "64"}]}"#, .jsonType),
    (
      #"{"schema": 1, "rules": [{"match": "**", "precision": "bf16", "group": 64}]}"#,
      .recipePrecision
    ),
    (
      #"{"schema": 1, "rules": [{"match": "**", "precision": "f32", "scale": "least_squares"}]}"#,
      .recipePrecision
    ),
    (
      #"{"schema": 1, "rules": [{"match": "**", "precision": "int8", "scale": "mse"}]}"#,
      .recipePrecision
    ),
    (#"{"schema": 1, "rules": [{"match": "**", "rank": -1, "precision": "f32"}]}"#, .jsonType),
    (#"{"schema": 1, "rules": [{"match": "a.**.b", "precision": "f32"}]}"#, .recipePattern),
    (#"{"schema": 1, "rules": [{"match": "a..b", "precision": "f32"}]}"#, .recipePattern),
    (#"{"schema": 1, "rules": [{"match": "", "precision": "f32"}]}"#, .recipePattern),
    (#"{"schema": 1, "rules": [{"match": "a.{layer}", "precision": "f32"}]}"#, .recipePattern),
    (#"{"schema": 1, "rules": [{"match": "a.b*", "precision": "f32"}]}"#, .recipePattern),
  ])
  func refusesWhatItDoesNotKnow(text: String, code: WeightsError.Code) {
    let error = #expect(throws: WeightsError.self) { try recipe(text) }
    #expect(error?.code == code)
  }

  @Test func saysWhereARuleIsWrong() {
    let text = #"{"schema": 1, "rules": [{"match": "a", "precision": "f16"}]}"#
    let error = #expect(throws: WeightsError.self) { try recipe(text) }
    #expect(
      error?.message == #"$.rules[0].precision: expected one of "source", "f32", "bf16", "int8", "#
        + #"found "f16""#)
  }

  private func recipe(_ text: String) throws -> Recipe {
    try Recipe(json: StrictJSON.parse(text))
  }

  private func precision(
    _ recipe: Recipe, _ name: String, _ shape: Shape = [64, 128]
  ) -> TensorPrecision {
    recipe.precision(for: TensorName(name), shape: shape, dtype: .f32)
  }
}
