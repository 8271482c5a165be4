import DVLABundles
import DVLACompression
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLAQuantization
import DVLARemapping
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
