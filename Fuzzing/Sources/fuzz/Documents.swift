import DVLADiagnostics
import DVLAGates
import DVLAJSON
import DVLAModels
import DVLANormalization
import DVLAParity
import DVLAQuantization
import DVLARemapping
import DVLATensors

extension FuzzTarget {
  /// JSON documents of our own and of upstream.
  static let documents = [
    FuzzTarget("manifest") { (bytes) throws(WeightsError) in
      // Made once: reading the built-in manifests takes longer than all the rest.
      guard var library = embedded else {
        fatalError("expected the built-in manifests to be sound")
      }
      try library.add(bytes, file: "manifest.json")
      let recognition: Recognition
      do throws(WeightsError) {
        recognition = try library.recognise(tensors, config: nil)
      } catch {
        guard error.code.rawValue.hasPrefix("remap.") else { throw error }
        return
      }
      demand(!recognition.family.isEmpty, "a family")
    },
    FuzzTarget("recipe") { (bytes) throws(WeightsError) in
      let recipe = try Recipe(json: try StrictJSON.parse(bytes))
      let again = try Recipe(json: recipe.json)
      demand(again.json == recipe.json, "the recipe that is written to say the same")
      for tensor in tensors {
        _ = recipe.precision(for: tensor.name, shape: tensor.shape, dtype: tensor.dtype)
      }
    },
    FuzzTarget("budget") { (bytes) throws(WeightsError) in
      let budget = try Budget(contents: bytes)
      let text = Array(budget.json.encoded().utf8)
      guard let again = try? Budget(contents: text) else {
        return demand(text.count > Budget.byteCountLimit, "what is written to be read")
      }
      demand(again == budget, "the budget that is written to say the same")
      demand(again.digest == budget.digest, "one digest of one budget")
      demand(budget.isNoWeaker(than: budget), "a budget to be as strict as itself")
    },
    FuzzTarget("config") { (bytes) throws(WeightsError) in
      guard let library = embedded else {
        fatalError("expected the built-in manifests to be sound")
      }
      let config = try StrictJSON.parse(bytes)
      let recognition = try library.recognise(tensors, config: config)
      let planner = RemapPlanner(
        library: library, family: recognition.family,
        sources: [RemapPlanner.Source(label: "fuzz", recognition: recognition)])
      _ = try planner.plan()
    },
    FuzzTarget("statistics") { (bytes) throws(WeightsError) in
      let statistics = try PolicyStatistics(contents: bytes, fileName: "stats.json")
      for feature in PolicyStatistics.Feature.allCases {
        _ = try statistics.normalizer(of: feature)
      }
    },
    FuzzTarget("tolerances") { (bytes) throws(WeightsError) in
      _ = try Tolerances(json: try StrictJSON.parse(bytes))
    },
  ]

  private static let embedded = try? ManifestLibrary.embedded()

  /// Names as a small DINOv2 has them, and one that nothing knows.
  private static let tensors: [TensorInfo] = [
    ("embeddings.cls_token", [1, 1, 8]), ("embeddings.mask_token", [1, 8]),
    ("embeddings.position_embeddings", [1, 5, 8]),
    ("embeddings.patch_embeddings.projection.weight", [8, 3, 2, 2]),
    ("embeddings.patch_embeddings.projection.bias", [8]),
    ("encoder.layer.0.norm1.weight", [8]), ("encoder.layer.0.norm1.bias", [8]),
    ("encoder.layer.0.attention.attention.query.weight", [8, 8]),
    ("layernorm.weight", [8]), ("layernorm.bias", [8]), ("unknown", [1]),
  ].compactMap { TensorInfo(name: TensorName($0.0), dtype: .f32, shape: Shape($0.1)) }
}
