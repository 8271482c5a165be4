import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLASafetensors
import DVLASigning
import DVLATensors
import DepthVLAWeights

/// What a conversion will do, and what came of it, for a person and as a document.
struct PlanReport {
  private let conversion: Conversion

  init(_ conversion: Conversion) { self.conversion = conversion }

  private var plan: ConversionPlan { conversion.plan }

  private var assets: AssetTable {
    AssetTable(conversion.assets.map { ($0.name, $0.role, $0.byteCount) })
  }

  private var initialisedCount: Int {
    plan.remap.tensors.count { if case .initialised = $0.origin { true } else { false } }
  }

  /// What is made without a source, by reason.
  private var initialised: [(words: String, count: Int)] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for tensor in plan.remap.tensors {
      guard case .initialised(let value, let reason) = tensor.origin else { continue }
      let words: String
      if case .zeros = value, tensor.unusedReason != nil {
        words = "filled with zeros: \(reason)"
      } else {
        words = "drawn at random: no source has them"
      }
      if counts[words] == nil { order.append(words) }
      counts[words, default: 0] += 1
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }

  private var dropped: [(reason: String, count: Int)] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for entry in plan.remap.ledger {
      let reason: String
      switch entry.fate {
      case .dropped(let why, nil): reason = why
      case .notTaken(let component):
        reason = "component \(component) is not taken from this source"
      default: continue
      }
      if counts[reason] == nil { order.append(reason) }
      counts[reason, default: 0] += 1
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }

  /// Rules of a recipe of the user's own that decide nothing. Presets are made for all models.
  private var idleRules: [String] {
    let recipe = conversion.options.recipe
    guard !Precision.allCases.contains(where: { Recipe.preset($0) == recipe }) else { return [] }
    return recipe.idleRules(
      plan.remap.tensors.map { ($0.name, $0.shape) }.filter { !$0.0.string.hasPrefix(unusedPrefix) }
    )
  }

  var words: String {
    var text = ""
    for source in conversion.sources {
      text +=
        "\(source.path.escapedForTerminal): \(source.recognition.manifest.label), "
        + "\(source.checkpoint.tensors.count) tensors\n"
      if let words = source.recognition.wrapping.words {
        text += "  \(words.escapedMessage)\n"
      }
      for remark in conversion.remarks(on: source) {
        text += "  note: \(remark.line(in: "convert"))\n"
      }
    }
    text += LedgerTable(conversion.documents).unknownWords
    for rule in idleRules { text += "  note: recipe rule \(rule), has no effect on this model\n" }
    for note in conversion.assetNotes { text += "  note: \(note.escapedMessage)\n" }
    let variant =
      plan.remap.variants.isEmpty ? "" : " (\(plan.remap.variants.joined(separator: ", ")))"
    let parameters = plan.remap.tensors.reduce(0) { $0 + $1.shape.elementCount }
    text += "bundle: \(plan.remap.family)\(variant), \(plan.tensors.count) tensors, "
    text += "\(Units.count(parameters)) parameters\n"
    for (dtype, count, bytes) in byDType {
      text += "  \(dtype.padded(5)) \(Units.bytes(bytes).leftPadded(9))  in \(count) tensors\n"
    }
    for (reason, count) in initialised {
      text += "  \(count == 1 ? "1 tensor" : "\(count) tensors") \(reason.escapedMessage)\n"
    }
    for (reason, count) in dropped {
      let tensors = count == 1 ? "1 tensor" : "\(count) tensors"
      text += "  \(tensors) left out: \(reason.escapedMessage)\n"
    }
    text += assets.words
    text += "  \(Units.bytes(conversion.tensorByteCount)) before compression, "
    text += "from \(Units.bytes(conversion.sourceByteCount)) of sources\n"
    return text
  }

  func words(result: ConversionResult, seconds: Double) -> String {
    words
      + "wrote \(result.path.escapedForTerminal): \(Units.bytes(result.byteCount)), verified, in "
      + "\(Units.fixed(seconds, 1)) s\n"
      + resumption(result)
      + "root \(result.root.hex)\n"
      + (signature(result)?.words("signed") ?? "")
      + LossTable(result.losses.map { ($0.name, $0.error) }).words
  }

  private func resumption(_ result: ConversionResult) -> String {
    let (kept, damaged) = (result.resumption.keptByteCount, result.resumption.damagedBlockCount)
    guard kept > 0 || damaged > 0 else { return "" }
    return
      "resumed: \(Units.bytes(kept)) of \(Units.bytes(conversion.tensorByteCount)) were already "
      + "done and intact" + (damaged > 0 ? "; \(damaged) damaged blocks were redone\n" : "\n")
  }

  private func signature(_ result: ConversionResult) -> SignatureReport? {
    guard let signature = result.signature, let key = conversion.options.signing?.key else {
      return nil
    }
    return SignatureReport(
      path: signature.path, key: key.publicKey, statement: signature.statement)
  }

  private var byDType: [(dtype: String, count: Int, bytes: Int)] {
    Dictionary(grouping: plan.tensors, by: \.info.dtype)
      .map { ($0.rawValue, $1.count, $1.reduce(0) { $0 + $1.info.byteCount }) }
      .sorted { ($0.2, $0.0) > ($1.2, $1.0) }
  }

  var json: JSONValue { .object(JSONObject(members)) }

  /// - Parameter more: further members of the document.
  func json(
    result: ConversionResult, seconds: Double, more: [(String, JSONValue)] = []
  ) -> JSONValue {
    .object(
      JSONObject(
        members + [
          (
            "bundle",
            [
              "path": .string(result.path), "bytes": .integer(Int64(result.byteCount)),
              "root": .string(result.root.hex), "seconds": .number(seconds),
              "losses": .object(
                JSONObject(result.losses.map { ($0.name.string, $0.error.json) })),
              "signature": signature(result)?.json ?? .null,
              "resumed": .integer(Int64(result.resumption.keptByteCount)),
              "damaged_blocks": .integer(Int64(result.resumption.damagedBlockCount)),
            ]
          )
        ] + more))
  }

  private var members: [(String, JSONValue)] {
    [
      ("family", .string(plan.remap.family)),
      ("variants", .array(plan.remap.variants.map { .string($0) })),
      ("configuration", plan.remap.configuration.json),
      (
        "sources",
        .array(
          conversion.sources.map { source in
            [
              "path": .string(source.path), "family": .string(source.family),
              "naming": .string(source.recognition.naming),
              "names": source.recognition.wrapping.json,
              "tensors": .integer(Int64(source.checkpoint.tensors.count)),
            ]
          })
      ),
      (
        "tensors",
        .array(
          plan.tensors.map { tensor in
            [
              "name": .string(tensor.info.name.string),
              "dtype": .string(tensor.info.dtype.rawValue),
              "shape": .array(tensor.info.shape.dimensions.map { .integer(Int64($0)) }),
              "bytes": .integer(Int64(tensor.info.byteCount)),
              "from": .string(tensor.sourceDType.rawValue),
              "lossless": .bool(tensor.isLossless),
            ]
          })
      ),
      ("assets", assets.json),
      ("documents", LedgerTable(conversion.documents).json),
      ("notes", .array(conversion.assetNotes.map { .string($0) })),
      ("idle_rules", .array(idleRules.map { .string($0) })),
      ("initialised", .integer(Int64(initialisedCount))),
      (
        "dropped",
        .array(
          dropped.map { ["reason": .string($0.reason), "tensors": .integer(Int64($0.count))] })
      ),
      ("source_bytes", .integer(Int64(conversion.sourceByteCount))),
      ("tensor_bytes", .integer(Int64(conversion.tensorByteCount))),
    ]
  }
}

extension String {
  func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
