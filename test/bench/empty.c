/* The least that a program can cost: static, and does nothing. */
int main(void) { return 0; }
