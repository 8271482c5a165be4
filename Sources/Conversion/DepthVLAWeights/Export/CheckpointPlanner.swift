import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAJSON
import DVLAModels
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// Decides what an export writes: which tensors under which names and types, in which files.
struct CheckpointPlanner {
  let bundle: WeightBundle
  let source: FullPrecisionBundle
  let library: ManifestLibrary
  let options: ExportOptions

  private func holdsNo(_ family: String) -> WeightsError {
    WeightsError(
      .exportFamily, .usage,
      "the \(bundle.documents.family.escapedForTerminal) bundle holds no \(family) model")
  }

  /// - Throws: `export.incomplete`, `export.dtype`, `export.family`, `manifest.unknown`.
  func plan() throws(WeightsError) -> ExportPlan {
    if options.naming == "source" {
      return try SourcePlanner(common: self).plan()
    }
    let family = options.family ?? bundle.documents.family
    // Before the naming is looked up: no naming of a family that the bundle lacks can be exported.
    let components = library.components.components(of: family)
    let own = library.components.components(of: bundle.documents.family)
    guard components.isEmpty || components.contains(where: own.contains) else {
      throw holdsNo(family)
    }
    let manifest = try library.naming(options.naming, of: family)
    let planner = try exportPlanner()
    let wanted = try planner.plan(manifest, allTiedNames: options.allTiedNames)
    guard !wanted.isEmpty else { throw holdsNo(family) }
    var result = ExportPlan(
      family: family, naming: manifest.naming, tensors: [], files: [], hasIndex: false)
    var int8 = CompressedTensors(self, manifest: manifest)
    for tensor in wanted {
      if let stored = try int8?.tensors(for: tensor) {
        result.tensors += stored
        result.int8Count += 1
      } else {
        // What was quantized stays exactly what it is: values times scales need 15 bits.
        var isQuantized = false
        if case .transformed(let inputs, _, _) = tensor.content {
          isQuantized = inputs.contains { source.quantized[$0] != nil }
        }
        result.tensors.append(
          try exported(
            tensor, dtype: int8 != nil && isQuantized ? .f32 : nil,
            dequantized: &result.dequantizedCount))
      }
    }
    let configuration = planner.configuration(of: family)
    result.config = manifest.configDocument(
      for: configuration, dtype: Self.libraryName(of: mainDType(result.tensors)))
    result.notes += PositionNotes(configuration, as: manifest).notes
    if Family(rawValue: family) == .pi0,
      let processing = try ExportedProcessing(configuration, naming: manifest.naming, of: bundle)
    {
      result.config = result.config.map(processing.added)
      result.notes += processing.notes
    }
    if result.int8Count > 0, let int8 { result.config = try int8.config(result) }
    assignFiles(&result, manifest)
    note(&result, manifest)
    return result
  }

  func exportPlanner() throws(WeightsError) -> ExportPlanner {
    ExportPlanner(
      library: library, family: bundle.documents.family,
      tensors: source.tensors.map { ($0.name, $0.shape) },
      configuration: try Configuration(
        json: bundle.documents.configuration, origin: "the bundle"))
  }

  /// - Parameter dtype: the type to write; nil: as the options and the bundle say.
  func exported(
    _ tensor: ExportTensor, dtype: DType?, dequantized: inout Int
  ) throws(WeightsError) -> ExportPlan.Tensor {
    let content: ExportPlan.Content
    var own: DType = mainDType
    switch tensor.content {
    case .zeros: content = .zeros
    case .transformed(let inputs, let transform, let output):
      content = .transformed(inputs: inputs, transform: transform, output: output)
      guard let first = inputs.first, let info = source.info(of: first) else {
        throw WeightsError(.exportIncomplete, tensor: tensor.name.string, "has no inputs")
      }
      own = info.dtype
      if let quantized = source.quantized[first] {
        dequantized += 1
        own = quantized.from
        return try made(tensor, content, from: .f32, to: dtype ?? options.dtype ?? own)
      }
    }
    let wanted = dtype ?? (own.isConvertibleFloat ? options.dtype : nil) ?? own
    return try made(tensor, content, from: own, to: wanted)
  }

  private func made(
    _ tensor: ExportTensor, _ content: ExportPlan.Content, from source: DType, to dtype: DType
  ) throws(WeightsError) -> ExportPlan.Tensor {
    guard ElementCast.isPossible(from: source, to: dtype) else {
      throw WeightsError(
        .exportDType, tensor: tensor.name.string,
        "is \(source.rawValue) in the bundle and cannot become \(dtype.rawValue)")
    }
    guard let info = TensorInfo(name: tensor.name, dtype: dtype, shape: tensor.shape) else {
      throw WeightsError(
        .exportDType, tensor: tensor.name.string, "\(tensor.shape) overflows 63 bits")
    }
    return ExportPlan.Tensor(info: info, content: content, file: 0, tiedTo: tensor.tiedTo)
  }

  /// The type that most bytes of the bundle's floats have, quantized ones counted as what they
  /// were.
  private var mainDType: DType {
    var bytes: [DType: Int] = [:]
    for tensor in source.tensors where tensor.dtype.isConvertibleFloat {
      bytes[source.quantized[tensor.name]?.from ?? tensor.dtype, default: 0] += tensor.byteCount
    }
    return bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
  }

  private func mainDType(_ tensors: [ExportPlan.Tensor]) -> DType {
    var bytes: [DType: Int] = [:]
    let names = Set(tensors.map(\.info.name))
    for tensor in tensors
    where tensor.info.dtype.isConvertibleFloat && !tensor.info.isScale(among: names) {
      bytes[tensor.info.dtype, default: 0] += tensor.info.byteCount
    }
    return bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
  }

  /// The type as transformers writes it into config.json.
  static func libraryName(of dtype: DType) -> String {
    switch dtype {
    case .bf16: "bfloat16"
    case .f16: "float16"
    default: "float32"
    }
  }

  /// One file, or shards in the order of the layout as `save_pretrained` fills them.
  private func assignFiles(_ plan: inout ExportPlan, _ manifest: NamingManifest) {
    let metadata: [(key: String, value: String)]? =
      switch manifest.metadata {
      case .none: nil
      case .fixed(let values): values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      }
    var shard = 0
    var filled = 0
    let total = plan.tensors.reduce(0) { $0 + $1.info.byteCount }
    let isSharded = manifest.isSharded && total > options.shardByteCount
    plan.tensors = plan.tensors.map { tensor in
      if isSharded, filled > 0, filled + tensor.info.byteCount > options.shardByteCount {
        shard += 1
        filled = 0
      }
      filled += tensor.info.byteCount
      var placed = tensor
      placed.file = shard
      return placed
    }
    plan.hasIndex = isSharded
    func number(_ value: Int) -> String {
      String(repeating: "0", count: max(0, 5 - String(value).count)) + String(value)
    }
    plan.files = (0...shard).map { index in
      ExportPlan.File(
        name: isSharded
          ? "model-\(number(index + 1))-of-\(number(shard + 1)).safetensors"
          : "model.safetensors", metadata: metadata)
    }
  }

  private func note(_ plan: inout ExportPlan, _ manifest: NamingManifest) {
    if plan.dequantizedCount > 0 {
      let tensors =
        plan.dequantizedCount == 1 ? "1 INT8 tensor" : "\(plan.dequantizedCount) INT8 tensors"
      var reason = ""
      if !options.dequantizes, options.dtype == nil {
        reason =
          plan.int8Count > 0
          ? ": the library reads INT8 in linear layers and embeddings, of one kind of scales"
          : ": the library does not read INT8 for \(manifest.label)"
      }
      plan.notes.append("\(tensors) written as floats, quantization applied\(reason)")
    }
    if plan.config == nil {
      plan.notes.append("no config.json: \(manifest.label) has none upstream")
    }
  }
}

/// Notes where the library that runs an export fits position tables to pictures of other sizes in
/// another way than the bundle: the way is the library's own, and no file of the export records it.
struct PositionNotes {
  private static let key = "position_resampling"
  private static let registers = "num_register_tokens"

  let notes: [String]

  /// - Parameter configuration: the bundle's, under the keys of the naming's family.
  init(_ configuration: Configuration, as manifest: NamingManifest) {
    notes = configuration.keys.compactMap { (name) -> String? in
      guard name == Self.registers || name.hasSuffix("." + Self.registers),
        let count = configuration.integer(name)
      else { return nil }
      let scope = String(name.dropLast(Self.registers.count))
      let key = scope + Self.key
      guard !manifest.states(key) else { return nil }
      let usual = PositionResampling.upstream(registers: count)
      func way(_ value: JSONValue?) -> PositionResampling? {
        value.map { $0.string.flatMap(PositionResampling.init) } ?? usual
      }
      guard let own = way(configuration[key]),
        let theirs = way(manifest.ownValue(of: key, under: configuration)), own != theirs
      else { return nil }
      let side = configuration.integer(scope + "image_size").map { " than \($0) x \($0)" } ?? ""
      return
        "\(key) is \(own.rawValue) in the bundle and \(theirs.rawValue) in the library that runs "
        + "\(manifest.label): results for pictures of another size\(side) differ there"
    }
  }
}

extension WeightsError.Code {
  /// The bundle does not hold the model that is asked for.
  public static let exportFamily = Self("export.family")
  /// A tensor cannot be written in the type that is asked for.
  public static let exportDType = Self("export.dtype")
}
