/*
 * libsrtp on the other end: one command a line on standard input, one answer a line on standard output (see README.md).
 * crates/srtp/tests/libsrtp.rs drives it.
 */
#include <ctype.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest packet, and room for what protection adds. */
#define MAX_PACKET 65536
#define MAX_LINE (2 * MAX_PACKET + 1024)
#define MAX_KEY 64
#define MAX_IDS 256

static char line[MAX_LINE];
static unsigned char packet[MAX_PACKET + SRTP_MAX_TRAILER_LEN + 4];

static srtp_t outbound, inbound;
static int use_mki;

/* Reads hexadecimal digits; the number of bytes, or -1. "-" is none. */
static int from_hex(const char *text, unsigned char *bytes, size_t room)
{
    size_t length = 0;
    if (strcmp(text, "-") == 0) {
        return 0;
    }
    for (; text[0] != '\0'; text += 2, length++) {
        char pair[3] = { text[0], text[1], '\0' };
        if (length == room || !isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1])) {
            return -1;
        }
        bytes[length] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return (int)length;
}

static void answer_hex(const unsigned char *bytes, int length)
{
    for (int at = 0; at < length; at++) {
        printf("%02x", bytes[at]);
    }
    printf(length == 0 ? "-\n" : "\n");
}

/* Sets cipher and tag of RTP and RTCP; 0 if libsrtp has the profile. */
static int set_profile(srtp_policy_t *policy, const char *name)
{
    if (strcmp(name, "SRTP_AES128_CM_HMAC_SHA1_80") == 0) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_AES128_CM_HMAC_SHA1_32") == 0) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_AES256_CM_HMAC_SHA1_80") == 0) {
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_AES256_CM_HMAC_SHA1_32") == 0) {
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_NULL_HMAC_SHA1_80") == 0) {
        srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtp);
        srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_NULL_HMAC_SHA1_32") == 0) {
        srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtp);
        policy->rtp.auth_tag_len = 4;
        srtp_crypto_policy_set_null_cipher_hmac_sha1_80(&policy->rtcp);
    } else if (strcmp(name, "SRTP_AEAD_AES_128_GCM") == 0) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
    } else if (strcmp(name, "SRTP_AEAD_AES_256_GCM") == 0) {
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
    } else {
        return -1;
    }
    return 0;
}

/* PROFILE KEY+SALT MKI IDS RTCP: begins anew with these, in both directions. */
static void command_new(char **words)
{
    unsigned char key[MAX_KEY], mki[SRTP_MAX_MKI_LEN], ids[MAX_IDS];
    int extensions[MAX_IDS];
    srtp_policy_t policy;
    memset(&policy, 0, sizeof(policy));
    memset(key, 0, sizeof(key));
    int mki_length = from_hex(words[3], mki, sizeof(mki));
    int id_count = from_hex(words[4], ids, sizeof(ids));
    if (set_profile(&policy, words[1]) != 0 || from_hex(words[2], key, sizeof(key)) <= 0 || mki_length < 0 || id_count < 0) {
        printf("error usage\n");
        return;
    }
    for (int at = 0; at < id_count; at++) {
        extensions[at] = ids[at];
    }
    if (strcmp(words[5], "clear") == 0) {
        policy.rtcp.sec_serv = sec_serv_auth;
    }
    srtp_master_key_t master = { key, mki, (unsigned int)mki_length };
    srtp_master_key_t *masters[1] = { &master };
    use_mki = mki_length > 0;
    if (use_mki) {
        policy.keys = masters;
        policy.num_master_keys = 1;
    } else {
        policy.key = key;
    }
    policy.window_size = 1024;
    policy.enc_xtn_hdr = id_count > 0 ? extensions : NULL;
    policy.enc_xtn_hdr_count = id_count;
    if (outbound != NULL) {
        srtp_dealloc(outbound);
        srtp_dealloc(inbound);
    }
    outbound = inbound = NULL;
    policy.ssrc.type = ssrc_any_outbound;
    srtp_err_status_t status = srtp_create(&outbound, &policy);
    policy.ssrc.type = ssrc_any_inbound;
    if (status == srtp_err_status_ok) {
        status = srtp_create(&inbound, &policy);
    }
    if (status == srtp_err_status_ok) {
        printf("ok\n");
    } else {
        printf("error %d\n", status);
    }
}

/* VERB HEX: a packet one way or the other. */
static void command_packet(char **words)
{
    const char *verb = words[0];
    srtp_err_status_t status;
    int length = from_hex(words[1], packet, MAX_PACKET);
    if (length < 0 || outbound == NULL) {
        printf("error usage\n");
        return;
    }
    if (strcmp(verb, "protect-rtp") == 0) {
        status = srtp_protect_mki(outbound, packet, &length, use_mki, 0);
    } else if (strcmp(verb, "protect-rtcp") == 0) {
        status = srtp_protect_rtcp_mki(outbound, packet, &length, use_mki, 0);
    } else if (strcmp(verb, "unprotect-rtp") == 0) {
        status = srtp_unprotect_mki(inbound, packet, &length, use_mki);
    } else if (strcmp(verb, "unprotect-rtcp") == 0) {
        status = srtp_unprotect_rtcp_mki(inbound, packet, &length, use_mki);
    } else {
        printf("error usage\n");
        return;
    }
    if (status == srtp_err_status_ok) {
        answer_hex(packet, length);
    } else {
        printf("error %d\n", status);
    }
}

/* Cuts the line into words; their number. */
static int split(char **words, int room)
{
    int count = 0;
    for (char *word = strtok(line, " \r\n"); word != NULL && count < room; word = strtok(NULL, " \r\n")) {
        words[count++] = word;
    }
    return count;
}

int main(void)
{
    if (srtp_init() != srtp_err_status_ok) {
        return 1;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *words[6];
        int count = split(words, 6);
        if (count == 1 && strcmp(words[0], "version") == 0) {
            printf("%s\n", srtp_get_version_string());
        } else if (count == 6 && strcmp(words[0], "new") == 0) {
            command_new(words);
        } else if (count == 2) {
            command_packet(words);
        } else {
            printf("error usage\n");
        }
        fflush(stdout);
    }
    srtp_shutdown();
    return 0;
}
