import DVLABundles
import DVLAHashing
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// A bundle that `Fixtures/generate/bundles.py` wrote with NumPy and python-zstandard: frames of
/// level 19, both encodings in one file.
struct IndependentBundleTests {
  let path = FixtureFolder.path("bundles/independent.dvla.safetensors")

  @Test func readsWhatAnotherProgramWrote() throws {
    let expected = try StrictJSON.parse(FixtureFolder.bytes("bundles/independent.json"))
    let bundle = try WeightBundle(path: path)
    #expect(bundle.root.hex == expected.object?["root"]?.string)
    #expect(bundle.documents.family == "dinov2")
    #expect(bundle.documents.configuration == ["hidden_size": 8])
    #expect(bundle.documents.recipe == ["rules": []])
    #expect(bundle.documents.provenance == ["tool": "bundles.py"])
    #expect(bundle.documents.ledger == [])

    let hashes = try #require(expected.object?["tensors"]?.object)
    #expect(bundle.tensors.map(\.name.string) == hashes.members.map(\.key))
    for tensor in bundle.bundleTensors {
      let bytes = try bundle.bytes(of: tensor.name)
      #expect(SHA256.hash(bytes).hex == hashes[tensor.name.string]?.string, "\(tensor.name)")
    }
    let assetHashes = try #require(expected.object?["assets"]?.object)
    #expect(bundle.assets.map(\.name) == assetHashes.members.map(\.key))
    #expect(bundle.assets.map(\.role) == [.preprocessor, .tokenizer])
    #expect(bundle.assets.map(\.byteCount) == [24, 270_000])
    for asset in bundle.assets {
      let digest = SHA256.hash(try bundle.bytes(of: asset))
      #expect(digest.hex == assetHashes[asset.name]?.string, "\(asset.name)")
    }
    #expect(bundle.tensor("plain.odd")?.encoding == .plain)
    #expect(bundle.tensor("plain.odd")?.filler.count == 59)
    #expect(bundle.tensor("two.chunks")?.chunks.count == 2)
    #expect(try bundle.verify(threads: 2).isIntact)
  }
}
