/*
 * Looks names up as programs do, a line each: the error, or the addresses in the order in which they come.
 *
 *     getaddrinfo [-4|-6] NAME...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *error_name(int code)
{
	switch (code) {
	case EAI_NONAME: return "EAI_NONAME";
#ifdef EAI_NODATA
	case EAI_NODATA: return "EAI_NODATA";
#endif
	case EAI_AGAIN: return "EAI_AGAIN";
	case EAI_FAIL: return "EAI_FAIL";
	case EAI_SYSTEM: return "EAI_SYSTEM";
	default: return gai_strerror(code);
	}
}

int main(int count, char **words)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	for (int i = 1; i < count; i++) {
		if (!strcmp(words[i], "-4")) { hints.ai_family = AF_INET; continue; }
		if (!strcmp(words[i], "-6")) { hints.ai_family = AF_INET6; continue; }
		struct addrinfo *all = 0;
		int code = getaddrinfo(words[i], 0, &hints, &all);
		if (code) {
			printf("%s\n", error_name(code));
			continue;
		}
		for (struct addrinfo *one = all; one; one = one->ai_next) {
			char text[INET6_ADDRSTRLEN];
			const void *address = one->ai_family == AF_INET
				? (const void *)&((struct sockaddr_in *)one->ai_addr)->sin_addr
				: (const void *)&((struct sockaddr_in6 *)one->ai_addr)->sin6_addr;
			printf("%s%s", one == all ? "" : " ", inet_ntop(one->ai_family, address, text, sizeof text));
		}
		printf("\n");
		freeaddrinfo(all);
	}
	return 0;
}
