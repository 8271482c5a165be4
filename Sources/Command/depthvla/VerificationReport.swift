import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DepthVLAWeights

/// What `verify` found, for a person and as a document.
struct VerificationReport {
  let path: String
  let verification: BundleVerification
  /// The signature that was checked; nil where none was required.
  let signature: VerifiedSignature?
  /// The passed gate that was checked; nil where none was required.
  let gate: VerifiedGate?
  let comparison: BundleComparison?

  var words: String {
    var text = ""
    if verification.isIntact {
      text +=
        "\(path.escapedForTerminal): intact; \(verification.tensorCount) tensors "
        + assetCount + "in "
        + "\(verification.chunkCount) chunks, every one of "
        + "\(verification.byteCount) bytes accounted for\n"
      text += "root \(verification.root.hex)\n"
      if let signature { text += SignatureReport(signature).words("signed") }
      if let gate { text += GateTrustReport(gate).words }
      text += nonFiniteWords
    } else {
      text += "\(path.escapedForTerminal): DAMAGED in \(verification.damageCount) "
      text += verification.damageCount == 1 ? "place\n" : "places\n"
      for damage in verification.damages {
        let place = damage.tensor.map { "\($0.string.quoted): " } ?? ""
        text += "  \(place)\(damage.error.message.escapedMessage)\n"
      }
    }
    if let comparison { text += words(comparison) }
    return text
  }

  private var nonFiniteWords: String {
    let found = verification.nonFinite
    guard !found.isEmpty else { return "" }
    var text =
      "NOT FINITE: \(found.count) tensor\(found.count == 1 ? "" : "s") with NaN or infinity\n"
    for values in found.prefix(40) {
      text += "  \(values.tensor.string.escapedForTerminal): \(values.nanCount) NaN, "
      text += "\(values.infinityCount) infinite, from element \(values.first) on\n"
    }
    if found.count > 40 { text += "  … \(found.count - 40) more\n" }
    return text
  }

  private var assetCount: String {
    switch verification.assetCount {
    case 0: ""
    case 1: "and 1 asset "
    case let count: "and \(count) assets "
    }
  }

  private func words(_ comparison: BundleComparison) -> String {
    let exact = comparison.rows.count { $0.outcome == .exact }
    let converted = comparison.rows.count { $0.outcome == .asConverted }
    var text = "against the sources: \(exact) tensors stored unchanged and equal"
    if converted > 0 { text += ", \(converted) equal to a fresh conversion" }
    let measured = comparison.rows.count { $0.outcome == .measured }
    if measured > 0 { text += ", \(measured) quantized before conversion and measured" }
    text += comparison.differences.isEmpty ? "\n" : ", \(comparison.differences.count) DIFFERENT\n"
    for row in comparison.differences.prefix(40) {
      if case .different(let byte) = row.outcome {
        text += "  \(row.name.string.escapedForTerminal): differs from byte \(byte) on\n"
      }
    }
    for row in comparison.assets {
      let name = row.asset.name.escapedForTerminal
      switch row.outcome {
      case .equal: text += "  asset \(name): equal to \(row.asset.source.escapedForTerminal)\n"
      case .different(let byte): text += "  asset \(name): DIFFERENT from byte \(byte) on\n"
      case .given: text += "  asset \(name): not compared, it does not come from a source\n"
      case .notFound:
        text += "  asset \(name): not compared, no source has "
        text += "\(row.asset.source.escapedForTerminal)\n"
      }
    }
    for file in comparison.lackingAssets {
      text += "  asset \(file.name.escapedForTerminal): not in the bundle; a source has "
      text += "\(file.source.escapedForTerminal)\n"
    }
    text += recordWords(comparison.recordDifferences)
    let losses = comparison.rows.compactMap { row in row.error.map { (row.name, $0) } }
    text += LossTable(losses).words
    return text
  }

  private func recordWords(_ differences: [DocumentDifference]) -> String {
    guard let first = differences.first else {
      return "  provenance matches these sources, including the SHA-256 of their files\n"
    }
    var text = "  provenance differs from these sources in "
    text += "\(differences.count) place\(differences.count == 1 ? "" : "s")\n"
    text += "    \(first.place.escapedForTerminal)\n"
    text += "      in the bundle      \(DocumentDifference.words(first.found))\n"
    text += "      from the sources   \(DocumentDifference.words(first.expected))\n"
    if differences.count > 1 { text += "    … --json lists them all\n" }
    return text
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("path", .string(path)), ("intact", .bool(verification.isIntact)),
      ("root", .string(verification.root.hex)),
      ("tensors", .integer(Int64(verification.tensorCount))),
      ("assets", .integer(Int64(verification.assetCount))),
      ("chunks", .integer(Int64(verification.chunkCount))),
      ("bytes", .integer(Int64(verification.byteCount))),
      ("damage_count", .integer(Int64(verification.damageCount))),
      (
        "damages",
        .array(
          verification.damages.map { damage in
            [
              "code": .string(damage.error.code.rawValue),
              "tensor": damage.tensor.map { .string($0.string) } ?? .null,
              "asset": damage.asset.map { .string($0) } ?? .null,
              "chunk": damage.chunk.map { .integer(Int64($0)) } ?? .null,
              "file_begin": .integer(Int64(damage.fileRange.lowerBound)),
              "file_end": .integer(Int64(damage.fileRange.upperBound)),
              "message": .string(damage.error.message),
            ]
          })
      ),
    ]
    members.append(
      (
        "non_finite",
        .array(
          verification.nonFinite.map { values in
            [
              "tensor": .string(values.tensor.string), "nan": .integer(Int64(values.nanCount)),
              "infinite": .integer(Int64(values.infinityCount)),
              "first": .integer(Int64(values.first)),
            ]
          })
      ))
    members.append(("signature", signature.map { SignatureReport($0).json } ?? .null))
    members.append(("gate", gate.map { GateTrustReport($0).json } ?? .null))
    if let comparison {
      members.append(("against", .array(comparison.rows.map(Self.json))))
      members.append(("assets_against", .array(comparison.assets.map(Self.json))))
      members.append(
        (
          "assets_lacking",
          .array(
            comparison.lackingAssets.map {
              ["name": .string($0.name), "source": .string($0.source)]
            })
        ))
      members.append(
        (
          "record_differences",
          .array(
            comparison.recordDifferences.map {
              [
                "place": .string($0.place), "bundle": $0.found ?? .null,
                "sources": $0.expected ?? .null,
              ]
            })
        ))
    }
    return .object(JSONObject(members))
  }

  private static func json(_ row: AssetComparison) -> JSONValue {
    var members: [(String, JSONValue)] = [("name", .string(row.asset.name))]
    switch row.outcome {
    case .equal: members.append(("outcome", "equal"))
    case .different(let byte):
      members.append(("outcome", "different"))
      members.append(("first_byte", .integer(Int64(byte))))
    case .given: members.append(("outcome", "given"))
    case .notFound: members.append(("outcome", "not-found"))
    }
    return .object(JSONObject(members))
  }

  private static func json(_ row: BundleComparison.Row) -> JSONValue {
    var members: [(String, JSONValue)] = [("name", .string(row.name.string))]
    switch row.outcome {
    case .exact: members.append(("outcome", "exact"))
    case .asConverted: members.append(("outcome", "as-converted"))
    case .measured: members.append(("outcome", "measured"))
    case .different(let byte):
      members.append(("outcome", "different"))
      members.append(("first_byte", .integer(Int64(byte))))
    }
    if let error = row.error { members.append(("error", error.json)) }
    return .object(JSONObject(members))
  }
}
