import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// One bit changed anywhere in a converted bundle is found and named.
struct BundleDamageTests {
  @Test(arguments: [Precision.source, .int8])
  func aThousandRandomBitFlipsAreAllNamed(precision: Precision) throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("dinov2-swiglu/hf")
    let sound = try convert(fixture, to: scratch("b"), precision: precision)
    let bytes = try scratch.bytes(of: "b")
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: scratch("b")))
    defer { try? file.close() }
    var state: UInt64 = precision == .int8 ? 3 : 5
    var inTensors = 0
    for _ in 0..<500 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bit = Int(state >> 33) % (bytes.count * 8)
      let place = bit / 8
      func put(_ byte: UInt8) throws {
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: Data([byte]))
      }
      try put(bytes[place] ^ 1 << (bit % 8))
      do throws(WeightsError) {
        let verification = try WeightBundle(path: scratch("b")).verify(threads: 1)
        #expect(verification.damageCount == 1, "bit \(bit)")
        let damage = verification.damages.first
        #expect(damage?.fileRange.contains(place) == true, "bit \(bit)")
        let owner = sound.bundleTensors.first { $0.storedRange.contains(place) }
        #expect(damage?.tensor == owner?.name, "bit \(bit)")
        inTensors += 1
      } catch {
        #expect(error.kind == .malformed)
        #expect(error.file == scratch("b"))
        let isHeader = !sound.bundleTensors.contains { $0.storedRange.contains(place) }
        #expect(isHeader, "bit \(bit): \(error)")
      }
      try put(bytes[place])
    }
    #expect(inTensors > 100)
    #expect(try WeightBundle(path: scratch("b")).verify(threads: 2).isIntact)
  }
}
