import DVLADiagnostics
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLATensors
import Testing

@testable import DVLABundles

/// Headers have two readers: one of the form that this package writes, and one of any JSON, which
/// is the measure. What the first accepts the second must accept too, with the same result.
struct WrittenHeaderTests {
  /// A header with the bytes of the data behind it.
  struct Sample: Sendable {
    let header: [UInt8]
    let dataByteCount: Int

    init(_ file: [UInt8]) {
      let count = 8 + file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      header = Array(file[..<count])
      dataByteCount = file.count - count
    }
  }

  static let tensors = Result {
    [
      try TestTensor("a.weight", .bf16, [200_000], seed: 1), try TestTensor("b", .f32, [0]),
      try TestTensor("scalar", .f32, []), try TestTensor("c d~'/{}[]:,", .i8, [7, 3]),
      try TestTensor("e", .f8E4M3FNUZ, [5]), try TestTensor("f", .f16, [2, 1, 3], seed: 2),
    ]
  }

  static let documents = BundleDocuments(
    family: "pi0",
    configuration: ["text": "a \"quoted\" \\ line\nand \u{1} \u{7F} é 😀 /", "zero": -0.0],
    recipe: ["rules": [["match": "**"], []]],
    provenance: [
      "numbers": [0, -1, 1.5e-7, 1e99, 1e100, .unsigned(.max), .integer(.min), 123_456_789_012.5],
      "config": "{\"a\":\"\\u0041\"}",
    ],
    ledger: [["name": "a.weight", "used": ["b"], "is": [true, false, nil]], [], [:], ""])

  static func samples() throws -> [Sample] {
    let folder = try TemporaryFolder()
    let assets = [TestAsset("f", "t.json", .statistics, count: 300_000)]
    let tensors = try tensors.get()
    try writeBundle(tensors, assets: assets, to: folder("packed"), documents: documents)
    try writeBundle(
      tensors, assets: assets, to: folder("stored"), packing: .store, documents: testDocuments)
    try writeBundle([], to: folder("empty"))
    let plan = BundleTensorPlan(
      try TestTensor("q", .i8, [10]).info, source: ["source": 0, "tensors": ["x", "y"]],
      quantizationPlaceholder: ["error": ["rms": -1.7976931348623157e308, "sqnr_db": nil]])
    let writer = try BundleWriter(
      path: folder("quantized"), overwrite: false, documents: testDocuments, plans: [plan],
      packing: .packed(smallest: false))
    var packer = try ChunkPacker()
    let bytes = [UInt8](repeating: 7, count: 10)
    let chunk = try packer.pack(
      unsafe bytes.span.bytes, dtype: .i8, packing: .packed(smallest: false))
    try writer.append([chunk], toTensor: 0)
    writer.setQuantization(["error": ["rms": 0.000291, "sqnr_db": nil]], ofTensor: 0)
    _ = try writer.finish()
    return try ["packed", "stored", "empty", "quantized"].map {
      Sample(try folder.bytes(of: $0))
    }
  }

  /// Compares the readers.
  ///
  /// - Returns: whether the first accepts the header.
  @discardableResult
  static func agree(_ header: [UInt8], dataByteCount: Int, _ what: @autoclosure () -> String)
    -> Bool
  {
    let fileByteCount = header.count + dataByteCount
    guard let written = BundleHeader(written: header, fileByteCount: fileByteCount) else {
      return false
    }
    guard let measure = try? BundleHeader(header, fileByteCount: fileByteCount) else {
      Issue.record("accepted what is not sound: \(what())")
      return true
    }
    #expect(written.documents == measure.documents, "\(what())")
    #expect(written.assets == measure.assets, "\(what())")
    #expect(written.root == measure.root, "\(what())")
    #expect(written.positions == measure.positions, "\(what())")
    #expect(written.byteCount == measure.byteCount, "\(what())")
    expectEqual(written.assetTensors, measure.assetTensors, what())
    expectEqual(written.tensors, measure.tensors, what())
    return true
  }

  private static func expectEqual(_ a: [BundleTensor], _ b: [BundleTensor], _ what: String) {
    #expect(a.count == b.count, "\(what)")
    for (a, b) in zip(a, b) {
      #expect(a.info == b.info, "\(what)")
      #expect(a.encoding == b.encoding && a.planes == b.planes, "\(what)")
      #expect(a.chunks == b.chunks && a.filler == b.filler, "\(what)")
      #expect(a.source == b.source && a.quantization == b.quantization, "\(what)")
    }
  }

  /// The text of a header with length, padding and root hash made right.
  static func sealed(_ text: [UInt8]) -> [UInt8] {
    var text = text
    text += [UInt8](repeating: 0x20, count: (120 - text.count % 64) % 64)
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    guard let digits = try? RootHash.digits(in: bytes) else { return bytes }
    bytes.replaceSubrange(digits, with: RootHash.compute(bytes, digits: digits).hex.utf8)
    return bytes
  }

  static func text(of header: [UInt8]) -> [UInt8] {
    var text = header[8...]
    while text.last == 0x20 { text.removeLast() }
    return Array(text)
  }

  @Test func everyHeaderThatIsWrittenIsReadInOnePass() throws {
    for (index, sample) in try Self.samples().enumerated() {
      #expect(
        Self.agree(sample.header, dataByteCount: sample.dataByteCount, "sample \(index)"),
        "sample \(index)")
    }
  }

  @Test func valuesAreBuiltAsTheyWereWritten() throws {
    let samples = try Self.samples()
    let packed = try #require(
      BundleHeader(
        written: samples[0].header,
        fileByteCount: samples[0].header.count + samples[0].dataByteCount))
    #expect(packed.documents == Self.documents)
    #expect(
      packed.tensors.map(\.source)
        == (try Self.tensors.get()).map {
          ["tensor": .string($0.info.name.string)]
        })
    let quantized = try #require(
      BundleHeader(
        written: samples[3].header,
        fileByteCount: samples[3].header.count + samples[3].dataByteCount))
    #expect(quantized.tensors[0].quantization == ["error": ["rms": 0.000291, "sqnr_db": nil]])
    #expect(quantized.tensors[0].source == ["source": 0, "tensors": ["x", "y"]])
  }

  /// Each is still a sound bundle.
  @Test(arguments: [
    (#"\"name\":\"a.weight\""#, #" \"name\":\"a.weight\""#),
    (#"\"name\":\"a.weight\""#, #"\"name\":\"\u0061.weight\""#),
    (#"\"name\":\"a.weight\""#, #"\"\\u006eame\":\"a.weight\""#),
    (#"\"dtype\":\"BF16\",\"shape\":[200000]"#, #"\"shape\":[200000],\"dtype\":\"BF16\""#),
    (#"{"dtype":"U8","shape":[0]"#, #"{"shape":[0],"dtype":"U8""#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":-0"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":18446744073709551615"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":\"é\\n\""#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":{\"a\":1,\"b\":1E+07,\"c\":{}}"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":null"#),
    (#"\"rules\""#, #"\"r\\u0075les\""#), (#""family":"pi0""#, #""family":"π0""#),
    (#""family":"pi0""#, #""family":"""#), (#"},"a.weight""#, #"}, "a.weight""#),
  ])
  func otherSpellingsAreReadTheSame(_ old: String, _ new: String) throws {
    let sample = try Self.samples()[0]
    let text = String(decoding: Self.text(of: sample.header), as: UTF8.self)
    #expect(text.contains(old))
    let header = Self.sealed(Array(text.replacing(old, with: new).utf8))
    Self.agree(header, dataByteCount: sample.dataByteCount, new)
    _ = try BundleHeader(header, fileByteCount: header.count + sample.dataByteCount)
  }

  /// Each breaks a rule, under the right root hash.
  @Test(arguments: [
    (#"\"name\":\"e\""#, #"\"name\":\"f\""#), (#"\"name\":\"e\""#, #"\"name\":\"__e\""#),
    (#"\"name\":\"e\""#, #"\"name\":\"\""#), (#"\"dtype\":\"BF16\""#, #"\"dtype\":\"BF17\""#),
    (#"\"shape\":[200000]"#, #"\"shape\":[0200000]"#),
    (#"\"shape\":[200000]"#, #"\"shape\":[200000,]"#),
    (#"\"shape\":[200000]"#, #"\"shape\":[1,1,1,1,1,1,1,1,200000]"#),
    (#"\"shape\":[200000]"#, #"\"shape\":[999999999999999999,999999999999999999]"#),
    (#"\"shape\":[200000]"#, #"\"shape\":[-200000]"#),
    (#"\"planes\":\"rotl1-planes2\""#, #"\"planes\":\"rotl1-planes4\""#),
    (#"\"encoding\":\"zstd\""#, #"\"encoding\":\"plain\""#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":{\"a\":1,\"a\":2}"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":01"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":1."#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":1e"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":1e999"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":-"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":tru"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":{\"a\":1,}"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":{\"a\"}"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":[1,]"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"other\":1"#),
    (#"\"source\":{\"tensor\":\"a.weight\"}"#, #"\"source\":1,\"source\":1"#),
    (#""tensors":"[{"#, #""tensors":"[,{"#), (#"]}}"#, "]}},"), (#"]}}"#, "]}}}"),
    (#"]}}"#, "]}}x"), (#""family":"pi0""#, #""family":1"#), (#""family":"#, #""Family":"#),
    (#""format_version":"1""#, #""format_version":"2""#), (#"[0,"#, "[1,"),
    (#""ledger":"["#, #""ledger":"[["#),
    (#"{"dtype":"U8","shape":["#, #"{"dtype":"I8","shape":["#),
  ])
  func whatIsNotSoundIsLeftToTheOtherReader(_ old: String, _ new: String) throws {
    let sample = try Self.samples()[0]
    let text = String(decoding: Self.text(of: sample.header), as: UTF8.self)
    #expect(text.contains(old))
    let header = Self.sealed(Array(text.replacing(old, with: new).utf8))
    let fileByteCount = header.count + sample.dataByteCount
    #expect(BundleHeader(written: header, fileByteCount: fileByteCount) == nil)
    #expect(throws: WeightsError.self) { try BundleHeader(header, fileByteCount: fileByteCount) }
  }

  /// Limits count for both ways of checking a document: in place, and where it holds escapes.
  @Test(arguments: [#"[{},{},[1,2]]"#, #"[{},{},["\u0031",2]]"#])
  func documentsKeepTheirLimits(_ text: String) throws {
    let escaped = Array(
      (text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"").utf8)
    for (values, objects, isFine) in [(6, 2, true), (5, 2, false), (6, 1, false)] {
      let limits = JSONLimits(maximumValueCount: values, maximumObjectCount: objects)
      var cursor = HeaderCursor(escaped, at: 0)
      #expect((cursor.document(limits) != nil) == isFine)
      #expect(((try? StrictJSON.parse(text, limits: limits)) != nil) == isFine)
    }
  }

  /// Changes that row and entry agree on.
  @Test(arguments: [
    ("e", "f"), ("e", "__e"), ("__asset.f.t.json", "__asset.f.u.json"), ("__asset.f.t.json", "t"),
  ])
  func namesKeepTheRulesOfTheFormat(_ old: String, _ new: String) throws {
    let sample = try Self.samples()[0]
    let text = String(decoding: Self.text(of: sample.header), as: UTF8.self)
      .replacing(#"\"name\":\"\#(old)\""#, with: #"\"name\":\"\#(new)\""#)
      .replacing(#""\#(old)":{"dtype""#, with: #""\#(new)":{"dtype""#)
    let header = Self.sealed(Array(text.utf8))
    let fileByteCount = header.count + sample.dataByteCount
    #expect(BundleHeader(written: header, fileByteCount: fileByteCount) == nil)
    #expect(throws: WeightsError.self) { try BundleHeader(header, fileByteCount: fileByteCount) }
  }

  @Test func aHeaderThatItsFileOrRootContradictsIsRefused() throws {
    for sample in try Self.samples() {
      let fileByteCount = sample.header.count + sample.dataByteCount
      for other in [fileByteCount - 1, fileByteCount + 1, sample.header.count - 1, 0] {
        #expect(BundleHeader(written: sample.header, fileByteCount: other) == nil)
      }
      let digits = try RootHash.digits(in: sample.header)
      var header = sample.header
      header[digits.lowerBound] ^= 1
      #expect(BundleHeader(written: header, fileByteCount: fileByteCount) == nil)
      header = sample.header
      header[0] ^= 1
      #expect(BundleHeader(written: header, fileByteCount: fileByteCount) == nil)
    }
  }

  /// Bytes that mean something to a reader of headers.
  private static let tokens =
    Array(#"{}[]:,"\/-+.0129aefEun_ "#.utf8) + [0, 9, 10, 0x7F, 0x80, 0xC3]

  @Test(arguments: 0..<8)
  func mutantsThatAreAcceptedAreReadTheSame(_ seed: UInt64) throws {
    let samples = try Self.samples()
    var random = Xorshift(seed: seed + 1)
    func pick(_ count: Int) -> Int { Int(random.nextWord() >> 1) % count }
    var acceptedCount = 0
    for round in 0..<400 {
      let sample = samples[round % samples.count]
      var text = Self.text(of: sample.header)
      for _ in 0...pick(2) {
        let position = pick(text.count)
        switch pick(7) {
        case 0: text[position] ^= 1 << UInt8(pick(8))
        case 1: text[position] = Self.tokens[pick(Self.tokens.count)]
        case 2: text.insert(Self.tokens[pick(Self.tokens.count)], at: position)
        case 3: text.remove(at: position)
        case 4:
          let end = min(text.count, position + 1 + pick(40))
          text.insert(contentsOf: text[position..<end], at: position)
        case 5: text.removeSubrange(position..<min(text.count, position + 1 + pick(40)))
        default:
          // A byte of the same kind, which most often leaves the text sound.
          let same = text.indices.filter { text[$0] == text[position] }
          let next = same[pick(same.count)] + 1
          if next < text.count { text[position] = text[next] }
        }
      }
      let header = Self.sealed(text)
      let isAccepted = Self.agree(
        header, dataByteCount: sample.dataByteCount,
        "seed \(seed), round \(round): \(String(decoding: text, as: UTF8.self))")
      if isAccepted { acceptedCount += 1 }
    }
    #expect(acceptedCount > 20)
  }

  @Test func hostileHeadersAreReadAlikeIfAtAll() throws {
    for hostile in HostileCase.all where hostile.door == .bundle {
      guard case .file(let content) = hostile.content else { continue }
      let bytes = try content()
      guard bytes.count >= 8 else { continue }
      let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard let count = Int(exactly: length), count <= bytes.count - 8 else { continue }
      let header = Array(bytes[..<(8 + count)])
      Self.agree(header, dataByteCount: bytes.count - header.count, hostile.description)
    }
  }
}
