//! Published test vectors, in hex.

/// The bytes of a hex string; spaces do not count.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub struct Ctr {
    pub name: &'static str,
    pub key: &'static str,
    pub counter: &'static str,
    pub plain: &'static str,
    pub cipher: &'static str,
}

const COUNTER: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
     30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

/// NIST SP 800-38A, appendix F.5: encryption and, the other way round, decryption.
pub const CTR: [Ctr; 3] = [
    Ctr {
        name: "F.5.1, F.5.2",
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        counter: COUNTER,
        plain: PLAIN,
        cipher: "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff\
             5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
    },
    Ctr {
        name: "F.5.3, F.5.4",
        key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        counter: COUNTER,
        plain: PLAIN,
        cipher: "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94\
             1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050",
    },
    Ctr {
        name: "F.5.5, F.5.6",
        key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        counter: COUNTER,
        plain: PLAIN,
        cipher: "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
             2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6",
    },
];

pub struct Srtp {
    pub key: &'static str,
    pub counter: &'static str,
    /// Blocks 0, 1, 2.
    pub start: &'static str,
    /// Blocks 0xfeff, 0xff00, 0xff01.
    pub end: &'static str,
}

/// RFC 3711, appendix B.2.
pub const RFC3711_B2: Srtp = Srtp {
    key: "2B7E151628AED2A6ABF7158809CF4F3C",
    counter: "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000",
    start: "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0",
    end: "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE6A2CC3787889374FBEB4C81B17BA6C44",
};

pub struct Gcm {
    pub name: &'static str,
    pub key: &'static str,
    pub iv: &'static str,
    pub aad: &'static str,
    pub plain: &'static str,
    pub cipher: &'static str,
    pub tag: &'static str,
}

const ZERO_16: &str = "00000000000000000000000000000000";
const ZERO_32: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ZERO_12: &str = "000000000000000000000000";
const IV: &str = "cafebabefacedbaddecaf888";
const AAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const KEY_16: &str = "feffe9928665731c6d6a8f9467308308";
const KEY_32: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const TEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const TEXT_60: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const CIPHER_128: &str = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
     21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";
const CIPHER_128_60: &str = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
     21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091";
const CIPHER_256: &str = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
const CIPHER_256_60: &str = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";

const fn gcm(name: &'static str, texts: [&'static str; 6]) -> Gcm {
    let [key, iv, aad, plain, cipher, tag] = texts;
    Gcm { name, key, iv, aad, plain, cipher, tag }
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: those with an IV of 96 bits.
pub const GCM: [Gcm; 8] = [
    gcm("test case 1", [ZERO_16, ZERO_12, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"]),
    gcm(
        "test case 2",
        [ZERO_16, ZERO_12, "", ZERO_16, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"],
    ),
    gcm("test case 3", [KEY_16, IV, "", TEXT, CIPHER_128, "4d5c2af327cd64a62cf35abd2ba6fab4"]),
    gcm("test case 4", [KEY_16, IV, AAD, TEXT_60, CIPHER_128_60, "5bc94fbc3221a5db94fae95ae7121a47"]),
    gcm("test case 13", [ZERO_32, ZERO_12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"]),
    gcm(
        "test case 14",
        [ZERO_32, ZERO_12, "", ZERO_16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"],
    ),
    gcm("test case 15", [KEY_32, IV, "", TEXT, CIPHER_256, "b094dac5d93471bdec1a502270e3cc6c"]),
    gcm("test case 16", [KEY_32, IV, AAD, TEXT_60, CIPHER_256_60, "76fc6ece0f4e1768cddf8853bb2d551b"]),
];
