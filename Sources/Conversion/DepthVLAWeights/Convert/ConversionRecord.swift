import DVLABundles
import DVLACompression
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
public import DVLAJSON
import DVLAQuantization
public import DVLARemapping
import DVLASafetensors
import DVLATensors

/// What a bundle says of how it was made: provenance, ledger, recipe, and the source of each
/// tensor.
struct ConversionRecord {
  private let conversion: Conversion

  init(_ conversion: Conversion) { self.conversion = conversion }

  /// - Parameter hashes: by source and file; nil while they are not known, which takes as much
  ///   room.
  func documents(hashes: [[Digest]]?) -> BundleDocuments {
    BundleDocuments(
      family: conversion.plan.remap.family,
      configuration: conversion.plan.remap.configuration.json,
      recipe: conversion.plan.recipe.json,
      provenance: provenance(hashes), ledger: ledger)
  }

  func source(of tensor: StoredTensor) -> JSONValue {
    conversion.plan.origins[tensor.planned].sourceJSON(seed: conversion.options.seed)
  }

  private func provenance(_ hashes: [[Digest]]?) -> JSONValue {
    let options = conversion.options
    var settings: [(String, JSONValue)] = [
      ("family", .string(conversion.plan.remap.family)),
      (
        "choices",
        .object(JSONObject(options.choices.sorted { $0.key < $1.key }.map { ($0, .string($1)) }))
      ),
      ("settings", .object(JSONObject(options.settings.map { ($0.key, $0.value) }))),
      ("keeps_unused", .bool(options.keepsUnused)),
      ("allows_non_finite", .bool(options.allowsNonFinite)),
    ]
    let given = conversion.assetFiles.filter(\.isGiven).map { JSONValue.string($0.plan.name) }
    if !given.isEmpty { settings.append(("given_assets", .array(given))) }
    if conversion.plan.recipe.needsCalibration,
      let digest = options.calibration?.digest.hex ?? options.recordedCalibration
    {
      settings.append(("calibration", .string(digest)))
    }
    if let seed = options.seed { settings.append(("seed", .string(String(seed)))) }
    return .object(
      JSONObject([
        ("tool", .string("depthvla \(ToolVersion.current)")),
        ("zstd", .string(ZstdCompressor.libraryVersion)),
        ("options", .object(JSONObject(settings))),
        ("variants", .array(conversion.plan.remap.variants.map { .string($0) })),
        (
          "sources",
          .array(
            conversion.sources.indices.map { index in
              source(index, hashes: hashes?[index])
            })
        ),
        ("documents", conversion.documents.json),
      ]))
  }

  private func source(_ index: Int, hashes: [Digest]?) -> JSONValue {
    let source = conversion.sources[index]
    let manifest = source.recognition.manifest
    let files = source.checkpoint.files.enumerated().map { position, file -> JSONValue in
      let digest = hashes?[position].hex ?? String(repeating: "0", count: 64)
      let metadata: JSONValue =
        file.header.metadata.map { pairs in
          .object(JSONObject(pairs.map { ($0.key, .string($0.value)) }))
        } ?? .null
      return .object(
        JSONObject([
          ("name", .string(file.file.path.lastPathComponent)),
          ("bytes", .integer(Int64(file.file.byteCount))), ("sha256", .string(digest)),
          ("metadata", metadata),
        ]))
    }
    var members: [(String, JSONValue)] = [
      ("family", .string(source.family)), ("naming", .string(source.recognition.naming)),
    ]
    members += source.recognition.wrapping.members
    members += [
      (
        "manifest_sha256",
        .string(unsafe SHA256.hash(manifest.text.utf8.span.bytes).hex)
      ),
      ("files", .array(files)),
    ]
    if let config = source.config?.value { members.append(("config", config)) }
    if source.isConfigGiven { members.append(("config_given", true)) }
    return .object(JSONObject(members))
  }

  /// By source, every tensor of its files and what became of it.
  private var ledger: JSONValue {
    .array(
      conversion.sources.indices.map { index in
        let source = conversion.sources[index]
        var positions: [String: Int] = [:]
        for (position, file) in source.checkpoint.files.enumerated() {
          positions[file.file.path] = position
        }
        return .array(
          conversion.plan.remap.ledger.filter { $0.source == index }.map { entry in
            let file = source.checkpoint.file(of: entry.tensor.name)?.file.path ?? ""
            return entry.json(file: positions[file] ?? 0)
          })
      })
  }
}

extension LedgerEntry {
  /// One line of the ledger that a bundle carries.
  ///
  /// - Parameter file: index of the file among the source's files.
  func json(file: Int) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(tensor.name.string)), ("dtype", .string(tensor.dtype.rawValue)),
      ("shape", .array(tensor.shape.dimensions.map { .integer(Int64($0)) })),
      ("file", .integer(Int64(file))),
    ]
    switch fate {
    case .used(let names):
      members.append(("used", .array(names.map { .string($0.string) })))
    case .tied(let target, _, _): members.append(("tied", .string(target.string)))
    case .notTaken(let component): members.append(("not_taken", .string(component)))
    case .dropped(let reason, let kept):
      members.append(("dropped", .string(reason)))
      if let kept { members.append(("kept", .string(kept.string))) }
    }
    return .object(JSONObject(members))
  }
}

extension PlannedTensor {
  /// Where a bundle says a tensor came from.
  func sourceJSON(seed: UInt64?) -> JSONValue {
    var members: [(String, JSONValue)] = []
    switch origin {
    case .source(let source, let inputs, _, _):
      members.append(("source", .integer(Int64(source))))
      members.append(("tensors", .array(inputs.map { .string($0.string) })))
    case .initialised(let value, let reason):
      members.append(("initialised", value.json))
      if case .normal = value, let seed { members.append(("seed", .string(String(seed)))) }
      members.append(("reason", .string(reason)))
    }
    if let unusedReason { members.append(("unused", .string(unusedReason))) }
    return .object(JSONObject(members))
  }
}

extension InitialValue {
  var json: JSONValue {
    switch self {
    case .zeros: "zeros"
    case .ones: "ones"
    case .normal(let deviation): .object(JSONObject([("normal", .number(deviation))]))
    }
  }
}

extension NameWrapping {
  /// Members of a source in a bundle's provenance.
  var members: [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [("prefix", .string(inner))]
    if let chosen { members.append(("chosen_prefix", .string(chosen))) }
    if !components.isEmpty {
      members.append(("left_out_of_names", .array(components.map { .string($0) })))
    }
    if hasChunks { members.append(("chunked_blocks", .bool(true))) }
    return members
  }

  /// The members as a document.
  public var json: JSONValue { .object(JSONObject(members)) }

  /// More would make every name of a ledger slow to read.
  private static let maximumComponentCount = 16

  /// - Throws: `json.*` and `bundle.record` where the members are not as `convert` writes them.
  init(_ object: JSONObjectReader) throws(WeightsError) {
    let components = try object.optional("left_out_of_names")?.array() ?? []
    guard components.count <= Self.maximumComponentCount else {
      throw components[0].failure(
        .bundleRecord,
        "expected at most \(Self.maximumComponentCount) components, found \(components.count)")
    }
    self.init(
      chosen: try object.optional("chosen_prefix")?.string(),
      components: try components.map { (item) throws(WeightsError) in try item.string() },
      hasChunks: try object.optional("chunked_blocks")?.bool() ?? false,
      inner: try object.required("prefix").string())
  }

  /// What was read through, for a person; nil where names are read unchanged.
  public var words: String? {
    guard !isEmpty else { return nil }
    var parts: [String] = []
    if !prefix.isEmpty { parts.append("behind \(prefix.quoted)") }
    if !components.isEmpty {
      parts.append("without \(components.map { ($0 + ".").quoted }.joined(separator: " and "))")
    }
    if hasChunks { parts.append("without the chunk of blocks.CHUNK.LAYER") }
    return "names are read " + parts.joined(separator: ", ")
  }
}
