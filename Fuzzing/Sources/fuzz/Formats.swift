import DVLADiagnostics
import DVLAJSON
import DVLANumPyFiles
import DVLATensors
import DVLATokenization

@testable import DVLASafetensors

extension FuzzTarget {
  /// Formats other projects defined.
  static let formats = [
    FuzzTarget("json") { (bytes) throws(WeightsError) in
      let value = try StrictJSON.parse(bytes)
      // json-c writes what it read; a text of control characters can grow sixfold.
      let again = try StrictJSON.parse(value.encoded())
      demand(again == value, "the text that is written to be read as the same value")
    },
    FuzzTarget("header") { (bytes) throws(WeightsError) in
      let header = try SafetensorsHeader.parse(file: bytes)
      var end = header.dataStart
      for entry in header.entries {
        demand(header.dataStart + entry.range.lowerBound == end, "no hole before \(entry)")
        demand(entry.range.count == entry.info.byteCount, "the bytes of its shape: \(entry)")
        end += entry.range.count
      }
      demand(end == bytes.count, "the entries to end with the file")
      let written = try SafetensorsHeaderWriter.headerBytes(
        entries: header.entries.map { ($0.info.name, $0.info.dtype, $0.info.shape) },
        metadata: header.metadata)
      let text = written.bytes.span.bytes.extracting(8..<written.bytes.count)
      let again = try SafetensorsHeader.parse(
        text, fileByteCount: written.bytes.count + end - header.dataStart)
      demand(again.entries == header.entries, "the header that is written to say the same")
    },
    FuzzTarget("index") { (bytes) throws(WeightsError) in
      let index = try ShardIndex(bytes, path: "model.safetensors.index.json")
      for name in index.shardNames {
        demand(!name.contains("/") && !name.hasPrefix("."), "\(name) to be no path")
      }
      for (tensor, shard) in index.shards {
        demand(index.shard(of: tensor) == shard, "\(tensor) in \(shard)")
      }
    },
    FuzzTarget("npy") { (bytes) throws(WeightsError) in
      let array = try NPYArray(bytes)
      demand(array.values.count == array.shape.elementCount, "a value for each element")
    },
    FuzzTarget("tokenizer-json") { (bytes) throws(WeightsError) in
      try encode(try Tokenizer(tokenizerJSON: bytes))
    },
    FuzzTarget("tokenizer-model") { (bytes) throws(WeightsError) in
      try encode(try Tokenizer(sentencePieceModel: bytes))
    },
  ]

  private static func encode(_ tokenizer: Tokenizer) throws(WeightsError) {
    let ids: [Int]
    do throws(WeightsError) {
      ids = try tokenizer.encode("pick up the blue block, \u{4E00}\n")
    } catch {
      // A vocabulary may have a control token that is a plain word.
      guard error.code == .tokenizerReserved else { throw error }
      return
    }
    demand(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) }, "ids of the vocabulary")
  }
}
