import DVLABundles
import DVLADiagnostics
import DVLASigning
import DVLATestSupport
import Testing

/// Limits of keys, and of the file of a signature; those of what it holds are tested beside it.
struct SignatureLimitTests {
  @Test(arguments: ["p256", "ed25519"])
  func ofKeys(name: String) throws {
    let scratch = try ScratchFolder()
    let secret = try FixtureFolder.bytes("signing/\(name).pem")
    let open = try FixtureFolder.bytes("signing/\(name).pub.pem")
    func padded(_ key: [UInt8], _ count: Int) -> [UInt8] {
      key + [UInt8](repeating: 0x0A, count: count - key.count)
    }
    expectLimit("file.too-large", 64 << 10) { (count) throws(WeightsError) in
      _ = try PublicKey(path: scratch.put(padded(open, count)))
    }
    expectLimit("file.too-large", 64 << 10) { (count) throws(WeightsError) in
      _ = try PrivateKey(path: scratch.put(padded(secret, count)))
    }
  }

  @Test func ofPassphrases() throws {
    let scratch = try ScratchFolder()
    let path = FixtureFolder.path("signing/p256-encrypted.pem")
    let passphrase = try FixtureFolder.bytes("signing/passphrase.txt")
    expectLimit("file.too-large", 4096) { (count) throws(WeightsError) in
      let file = passphrase + [UInt8](repeating: 0x0A, count: count - passphrase.count)
      _ = try PrivateKey(path: path, passphraseFile: scratch.put(file))
    }
  }
}
